/** Brings what the host tells to the stores. */
import type { HostEvent } from '../../shared/contract/api/views.ts';
import { runAction } from '../actions/registry.ts';
import { useApp } from './app.ts';
import { useJobs } from './jobs.ts';
import { useProjects } from './projects.ts';
import { useRuns } from './runs.ts';

/** @returns takes the events in order */
export function eventSink(): (event: HostEvent) => void {
  const app = useApp();
  const jobs = useJobs();
  const projects = useProjects();
  const runs = useRuns();
  const isOpen = (project: string): boolean => projects.view?.folder === project;

  return (event) => {
    switch (event.type) {
      case 'jobs':
        jobs.adopt(event.jobs);
        break;
      case 'project':
        projects.onProject(event.view, event.origin);
        break;
      case 'metrics':
        if (isOpen(event.project)) runs.append(event.run, event.blocks);
        break;
      case 'search':
        if (isOpen(event.project)) runs.appendSearch(event.run, event.rounds);
        break;
      case 'log':
        if (isOpen(event.project)) runs.appendLog(event.run, event.lines);
        break;
      case 'gap':
        if (isOpen(event.project)) runs.onGap(event.run);
        break;
      case 'settings':
        app.adopt(event.settings);
        break;
      case 'notice':
        app.notify(event.level, event.text, { project: event.project, run: event.run });
        break;
      case 'action':
        runAction(event.action, event.argument);
        break;
    }
  };
}
