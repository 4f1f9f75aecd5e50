import { availableParallelism, homedir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { AppInfo } from '../../shared/contract/api/views.ts';
import { outsideArchive, packageRoot, programVersion } from '../package-root.ts';
import type { HostContext } from './context.ts';

export function appInfo({ options, guard }: HostContext): AppInfo {
  const [root] = guard.folders;
  return {
    host: options.kind,
    version: programVersion,
    platform: process.platform,
    arch: process.arch,
    node: process.versions.node,
    electron: options.electron ?? null,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    nativeDialogs: options.dialogs !== undefined,
    projectsFolder: root ?? join(homedir(), 'EQ-Net'),
    roots: [...guard.folders],
    licences: outsideArchive(join(packageRoot, 'NOTICE')),
  };
}
