import { implement } from '@orpc/server';
import { contract } from '../../shared/contract/api/index.ts';
import { WorkbenchError } from '../../shared/contract/errors.ts';
import type { FormKey } from '../../shared/domain/form.ts';
import { parseRecipeFile, parseRecipeText } from './parse-recipe.ts';
import { checkLayerList } from '../../shared/schema/layer-list.ts';
import { listModels, modelFolder, showModel } from '../models.ts';
import { appInfo } from './app-info.ts';
import type { HostContext } from './context.ts';
import { readCurves, readMetrics } from './curves.ts';
import { addDataSet, checkDataSet, downloadDataSet, downloadViews } from './data-jobs.ts';
import { listFolder, whyNoNewProject } from './files.ts';
import { exportFloatJob, importJob } from './models.ts';
import type { OpenProject } from './open-project.ts';
import { profileJob } from './profile-job.ts';
import { addToShelf, checked, exportModel, measure, predict, search, sensitivity } from './questions.ts';
import { toRpcError } from './rpc-errors.ts';
import { amendRun, exploredBy, removeRun, resumeRun, sampleLabels, startRun } from './runs.ts';
import { sampleViews } from './samples.ts';

function desktopOnly(what: string): WorkbenchError {
  return new WorkbenchError('usage', `${what} only in the desktop app: here the page itself does it.`);
}

/** The procedures of the contract over the services of a host. */
export function createRouter(context: HostContext) {
  const { guard, settings, recent, projects, jobs, engines, look, hub, options } = context;
  const os = implement(contract).use(async ({ next, path }) => {
    try {
      return await next();
    } catch (error) {
      throw toRpcError(error, path);
    }
  });
  const projectOf = ({ project }: { project: string }): OpenProject => projects.get(project);
  /** A run that is there. */
  const runOf = ({ project, run }: { project: string; run: string }): OpenProject => {
    const opened = projects.get(project);
    opened.store.run(run);
    return opened;
  };
  /** A run for a worker, which reads its images and writes into its folder: what was written elsewhere may name any place. */
  const runToWorkOn = (place: { project: string; run: string }): OpenProject => {
    const opened = runOf(place);
    guard.checkRecipe(opened.store.run(place.run).recipe);
    guard.checkInside(opened.store.runDirectory(place.run), ['checkpoints', 'exports']);
    return opened;
  };
  const enter = (project: OpenProject, window: string) => {
    hub.expect(window);
    if (project.draft.problem && project.windows.size === 1)
      hub.post({ type: 'notice', level: 'warn', text: project.draft.problem, project: project.folder, run: null }, window);
    return project.view();
  };

  return os.router({
    app: {
      info: os.app.info.handler(() => appInfo(context)),
      events: os.app.events.handler(({ input, signal }) => hub.listen(input.window, signal)),
      openExternal: os.app.openExternal.handler(async ({ input }) => {
        if (!options.openExternal) throw desktopOnly('Addresses are opened by the program');
        await options.openExternal(input.url);
      }),
      reveal: os.app.reveal.handler(({ input }) => {
        if (!options.reveal) throw desktopOnly('Files are shown in the file manager');
        options.reveal(guard.check(input.path));
      }),
    },
    settings: {
      get: os.settings.get.handler(() => settings.get()),
      set: os.settings.set.handler(({ input }) => {
        const next = settings.set(input);
        hub.post({ type: 'settings', settings: next });
        jobs.pump();
        return next;
      }),
    },
    dialogs: {
      open: os.dialogs.open.handler(({ input }) => {
        if (!options.dialogs) throw desktopOnly('Dialogs of the system open');
        return options.dialogs.open(input.kind, input.title);
      }),
      saveText: os.dialogs.saveText.handler(({ input }) => {
        if (!options.dialogs) throw desktopOnly('Dialogs of the system open');
        return options.dialogs.saveText(input.name, input.content, input.title);
      }),
    },
    files: {
      list: os.files.list.handler(({ input }) => listFolder(guard, input.path)),
      checkNewProject: os.files.checkNewProject.handler(({ input }) => whyNoNewProject(guard, input.path)),
    },
    data: {
      check: os.data.check.handler(({ input }) => ({ job: checkDataSet(context, input).id })),
      add: os.data.add.handler(({ input: { data, ...place } }) => ({ job: addDataSet(context, projectOf(place), data).id })),
      downloads: os.data.downloads.handler(() => downloadViews()),
      download: os.data.download.handler(({ input }) => ({ job: downloadDataSet(context, input).id })),
      cache: os.data.cache.handler(() => look.ask({ kind: 'data-cache' })),
      limitCache: os.data.limitCache.handler(({ input }) => look.ask({ kind: 'data-cache', limit: input.bytes })),
      clearCache: os.data.clearCache.handler(({ input }) =>
        look.ask({ kind: 'data-cache', clear: input.key === undefined ? 'all' : { key: input.key } }),
      ),
    },
    recipes: {
      samples: os.recipes.samples.handler(() => sampleViews()),
      parse: os.recipes.parse.handler(({ input }) =>
        'text' in input ? parseRecipeText(input.text) : parseRecipeFile(guard.check(input.path)),
      ),
      network: os.recipes.network.handler(({ input: { recipe, project } }) =>
        look.ask({
          kind: 'network',
          recipe: guard.checkRecipe(recipe),
          ...(project !== undefined && { models: modelFolder(projectOf({ project }).folder) }),
        }),
      ),
      preview: os.recipes.preview.handler(({ input }) => {
        guard.checkRecipe(input.recipe);
        return look.ask({ kind: 'preview', ...input });
      }),
    },
    models: {
      list: os.models.list.handler(({ input }) => listModels(projectOf(input).folder)),
      show: os.models.show.handler(({ input }) => showModel(projectOf(input).folder, input.name)),
      import: os.models.import.handler(({ input: { project, file, ...wanted } }) => ({
        job: importJob(context, projectOf({ project }), { ...wanted, file: guard.check(file) }).id,
      })),
      export: os.models.export.handler(({ input }) => ({
        job: exportFloatJob(context, projectOf(input), input.name, guard.check(input.file)).id,
      })),
      checkLayers: os.models.checkLayers.handler(({ input: { text, image, classes } }) => checkLayerList(text, image, classes)),
    },
    projects: {
      recent: os.projects.recent.handler(() => recent.list((folder) => projects.find(folder)?.store ?? null)),
      forget: os.projects.forget.handler(({ input }) => recent.forget(input.folder)),
      create: os.projects.create.handler(async ({ input }) =>
        enter(await projects.create(input.folder, guard.checkRecipe(input.recipe), input.window), input.window),
      ),
      open: os.projects.open.handler(async ({ input }) => enter(await projects.enter(input.folder, input.window), input.window)),
      close: os.projects.close.handler(({ input }) => projects.leave(input.project, input.window)),
      view: os.projects.view.handler(({ input }) => projectOf(input).view()),
      saveDraft: os.projects.saveDraft.handler(({ input }) => {
        const project = projectOf(input);
        const saved = project.saveDraft(guard.checkRecipe(input.recipe), input.revision);
        project.touch(null, input.window);
        return saved;
      }),
      saveUi: os.projects.saveUi.handler(({ input }) => projectOf(input).saveUi(input.ui, input.window)),
    },
    runs: {
      start: os.runs.start.handler(({ input }) => startRun(context, projectOf(input), guard.checkRecipe(input.recipe), input.until)),
      resume: os.runs.resume.handler(({ input: { from, until, recipe, ...place } }) =>
        resumeRun(context, runToWorkOn(place), place.run, { from, until, recipe: recipe && guard.checkRecipe(recipe) }),
      ),
      amend: os.runs.amend.handler(({ input }) => amendRun(context, runOf(input), input.run, guard.checkRecipe(input.recipe))),
      metrics: os.runs.metrics.handler(({ input }) => readMetrics(runOf(input), input.run, input)),
      curves: os.runs.curves.handler(({ input }) => readCurves(runOf(input), input.run, input)),
      log: os.runs.log.handler(({ input }) => runOf(input).store.logLines(input.run)),
      label: os.runs.label.handler(({ input }) => {
        const project = runOf(input);
        project.store.setLabel(input.run, input.label.trim());
        project.touch(input.run);
      }),
      remove: os.runs.remove.handler(({ input }) => removeRun(context, runOf(input), input.run)),
      samples: os.runs.samples.handler(({ input }) => sampleLabels(runOf(input), input.run)),
      explored: os.runs.explored.handler(({ input }) => exploredBy(context, runOf(input), input.run)),
      layer: os.runs.layer.handler(({ input: { project, run, ...wanted } }) => {
        const { store } = runToWorkOn({ project, run });
        const models = modelFolder(store.folder);
        return look.ask({ kind: 'layer', recipe: store.run(run).recipe, runDirectory: store.runDirectory(run), models, ...wanted });
      }),
      sensitivity: os.runs.sensitivity.handler(({ input }) => sensitivity(context, runToWorkOn(input), input.run, input.activations)),
      predict: os.runs.predict.handler(({ input }) => predict(context, runToWorkOn(input), input.run, input.configurations)),
    },
    jobs: {
      list: os.jobs.list.handler(() => jobs.list()),
      pause: os.jobs.pause.handler(({ input }) => {
        jobs.get(input.job).pause();
      }),
      resume: os.jobs.resume.handler(({ input }) => jobs.get(input.job).resume()),
      stop: os.jobs.stop.handler(({ input }) => jobs.get(input.job).stop(input.keep)),
      snapshot: os.jobs.snapshot.handler(({ input }) => jobs.get(input.job).snapshot()),
      result: os.jobs.result.handler(({ input }) => jobs.get(input.job).found),
      dismiss: os.jobs.dismiss.handler(({ input }) => jobs.dismiss(input.job)),
      measure: os.jobs.measure.handler(({ input }) => ({ job: measure(context, runToWorkOn(input), input.run, input.entries).id })),
      search: os.jobs.search.handler(({ input: { weights, activations, forms, ...place } }) => ({
        job: search(context, runToWorkOn(place), place.run, { weights, activations, forms: forms as FormKey[] }).id,
      })),
      export: os.jobs.export.handler(({ input: { project, run, ...wanted } }) => ({
        job: exportModel(context, runToWorkOn({ project, run }), run, wanted).id,
      })),
    },
    shelf: {
      add: os.shelf.add.handler(({ input: { name, candidateId, compare, ...input } }) => {
        const project = runOf(input);
        const { shelf } = project.store;
        const configuration = checked(project, input.run, input.configuration);
        const { id } = addToShelf(project, input.run, { name, configuration, candidateId });
        try {
          if (compare) shelf.setSlot(id, 'free');
        } catch (error) {
          shelf.remove(id);
          throw error;
        }
        project.touch();
        return shelf.get(id);
      }),
      update: os.shelf.update.handler(({ input: { id, name, configuration, ...place } }) => {
        const project = projectOf(place);
        const { shelf } = project.store;
        const entry = shelf.get(id);
        if (configuration) shelf.setConfiguration(id, checked(project, entry.run, configuration));
        if (name !== undefined) shelf.rename(id, name);
        project.touch();
        return shelf.get(id);
      }),
      compare: os.shelf.compare.handler(({ input }) => {
        const project = projectOf(input);
        project.store.shelf.setSlot(input.id, input.slot);
        project.touch();
        return project.store.shelf.get(input.id);
      }),
      remove: os.shelf.remove.handler(({ input }) => {
        const project = projectOf(input);
        project.store.shelf.remove(input.id);
        project.touch();
      }),
    },
    engine: {
      view: os.engine.view.handler(() => engines.view()),
      doctor: os.engine.doctor.handler(() => engines.examine()),
      install: os.engine.install.handler(({ input }) => ({ job: jobs.add(engines.installation(input)).id })),
      profile: os.engine.profile.handler(({ input }) => ({
        job: profileJob(context, projectOf(input), guard.checkRecipe(input.recipe), input.repeat).id,
      })),
    },
  });
}

export type WorkbenchRouter = ReturnType<typeof createRouter>;
