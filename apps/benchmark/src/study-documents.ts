import { readFileSync, writeFileSync } from 'node:fs'
import { MobileOneError } from '@mobileone/core'
import type { Report } from '@mobileone/measure'
import { networksOfStudies, type StudyNetwork, studyMarkdown, studyNamed } from '@mobileone/measure/studies'
import { fillPlaces } from '@mobileone/testkit'
import type { Options } from './options.ts'

/**
 * The networks that the options ask for.
 * @throws MobileOneError `invalid-argument` for one that is in none of the studies, and where there is none at all.
 */
export function studyNetworks({
  studies,
  quick,
  networks,
}: Pick<Options, 'studies' | 'quick' | 'networks'>): StudyNetwork[] {
  const all = networksOfStudies(studies, { quick: quick && networks === undefined })
  const unknown = networks?.find((name) => !all.some(({ id }) => id === name))
  if (unknown !== undefined || all.length === 0) {
    throw new MobileOneError(
      'invalid-argument',
      `--networks takes ${all.map(({ id }) => id).join(', ')}; there is no "${unknown ?? ''}"`,
    )
  }
  return all.filter(({ id }) => networks?.includes(id) ?? true)
}

/**
 * Fill every place of a Markdown file that is between `<!-- study NAME -->` and `<!-- /study -->` with what the study of that name says to
 * `report`; at `<!-- study run -->` with how it was measured.
 * @throws MobileOneError `invalid-file` for a file that cannot be read or has no such place.
 */
export function writeStudies(path: string, report: Report): void {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new MobileOneError('invalid-file', `cannot read ${path}: ${(cause as Error).message}`, { cause })
  }
  const filled = fillStudies(text, report)
  if (filled === undefined) {
    throw new MobileOneError(
      'invalid-file',
      `${path} has no place for a study: a line <!-- study zoo -->, and after it a line <!-- /study -->`,
    )
  }
  writeFileSync(path, filled)
}

/** `text` with its places filled; undefined where it has none. */
export function fillStudies(text: string, report: Report): string | undefined {
  return fillPlaces(text, 'study', (name) =>
    name === 'run' ? runText(report) : studyMarkdown(studyNamed(name), report),
  )
}

/** How it was measured: date, machine, load, versions, rounds. */
function runText({ date, machine, versions, protocol, peaks }: Report): string {
  const load = machine.load
    ? `, load ${machine.load.before[0]?.toFixed(1)} before and ${machine.load.after[0]?.toFixed(1)} after`
    : ''
  const { rounds, starts, runsPerTurn, headline } = protocol
  const runs = rounds * runsPerTurn
  const figure = { medianMs: 'medians', meanMs: 'means', minMs: 'the least of them counts' }[headline]
  return `${[
    `${date.slice(0, 16).replace('T', ' ')} UTC, ${machine.cpu}, ${machine.cores} cores, ${machine.platform}${load}.`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    `${starts} ${starts === 1 ? 'sweep' : 'sweeps'} over all networks, ${runs} timed runs of each network with each contender, in turns; ${figure}.`,
    ...peaks.map(
      ({ runtime, threads, gflops, instruction }) =>
        `Peak in ${runtime} on ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${gflops.toFixed(1)} GFLOP/s (${instruction}).`,
    ),
  ].join(' ')}\n`
}
