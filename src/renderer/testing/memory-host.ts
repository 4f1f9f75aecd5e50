/**
 * A host behind the real contract for tests of the stores: calls go through oRPC and its schemas, projects live in memory.
 * Two windows on one of these see each other's drafts.
 */
import { createRouterClient, implement } from '@orpc/server';
import { contract } from '../../shared/contract/api/index.ts';
import type { ProjectView, SampleView } from '../../shared/contract/api/views.ts';
import { createHostClient } from '../../shared/contract/client.ts';
import type { NetworkView } from '../../shared/contract/look.ts';
import { recipeSchema, type Recipe } from '../../shared/schema/recipe.ts';
import type { WindowLink } from '../stores/host.ts';

const os = implement({
  recipes: { network: contract.recipes.network, samples: contract.recipes.samples },
  files: { checkNewProject: contract.files.checkNewProject },
  projects: {
    recent: contract.projects.recent,
    open: contract.projects.open,
    create: contract.projects.create,
    close: contract.projects.close,
    view: contract.projects.view,
    saveDraft: contract.projects.saveDraft,
    saveUi: contract.projects.saveUi,
  },
});

export const recipeOf = (change: Partial<Recipe> = {}): Recipe => ({ ...recipeSchema.parse({ name: 'test' }), ...change });

export class MemoryHost {
  readonly projects = new Map<string, ProjectView>();
  /** calls of `saveDraft`, in order */
  readonly saved: { window: string; recipe: Recipe }[] = [];
  /** what the next call of `saveDraft` fails with */
  refusal: Error | null = null;
  /** what every recipe's network is; a call fails without one */
  network: NetworkView | null = null;
  samples: SampleView[] = [];

  add(folder: string, draft = recipeOf()): void {
    this.projects.set(folder, {
      folder,
      name: folder.split('/').at(-1) ?? folder,
      createdAt: '2026-01-01T00:00:00.000Z',
      draft,
      revision: 1,
      savedAt: 1,
      runs: [],
      shelf: [],
      ui: {},
    });
  }

  private get(folder: string): ProjectView {
    const found = this.projects.get(folder);
    if (!found) throw new Error(`no project ${folder}`);
    return structuredClone(found);
  }

  link(window: string): WindowLink {
    const { projects, recipes, files } = os;
    const router = os.router({
      recipes: {
        network: recipes.network.handler(() => {
          if (!this.network) throw new Error('no network');
          return this.network;
        }),
        samples: recipes.samples.handler(() => this.samples),
      },
      files: { checkNewProject: files.checkNewProject.handler(() => null) },
      projects: {
        recent: projects.recent.handler(() => []),
        open: projects.open.handler(({ input }) => this.get(input.folder)),
        create: projects.create.handler(({ input }) => {
          this.add(input.folder, input.recipe);
          return this.get(input.folder);
        }),
        close: projects.close.handler(() => undefined),
        view: projects.view.handler(({ input }) => this.get(input.project)),
        saveUi: projects.saveUi.handler(({ input }) => {
          this.projects.set(input.project, { ...this.get(input.project), ui: input.ui });
        }),
        saveDraft: projects.saveDraft.handler(({ input, errors }) => {
          const refusal = this.refusal;
          this.refusal = null;
          if (refusal) throw errors.WORKBENCH({ message: refusal.message, data: { code: 'disk-full' } });
          const view = this.get(input.project);
          if (input.revision !== view.revision) throw errors.WORKBENCH({ message: 'A newer recipe is stored.', data: { code: 'stale' } });
          this.saved.push({ window: input.window, recipe: input.recipe });
          const next = { ...view, draft: input.recipe, revision: view.revision + 1, savedAt: view.savedAt + 1 };
          this.projects.set(input.project, next);
          return { revision: next.revision, savedAt: next.savedAt };
        }),
      },
    });
    const client = createRouterClient(router);
    type Calls = Record<string, Record<string, (input: unknown) => Promise<unknown>>>;
    const transport = {
      call: ([group, name]: readonly string[], input: unknown): Promise<unknown> => {
        const call = (client as unknown as Calls)[group]?.[name];
        return call ? call(input) : Promise.reject(new Error(`${group}.${name} is not part of this host`));
      },
    };
    return { kind: 'browser', window, client: createHostClient(transport) };
  }
}
