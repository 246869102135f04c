import { MobileOneError } from '@mobileone/core'
import type { Report } from '@mobileone/measure'
import { networksOfStudies, type StudyNetwork, studyMarkdown, studyNamed } from '@mobileone/measure/studies'
import { fillPlaces, writePlaces } from '@mobileone/testkit'
import { measuredOn, versionsText } from './measured-on.ts'
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
  writePlaces(path, { kind: 'study', what: 'a study', example: 'zoo' }, bodyOf(report))
}

/** `text` with its places filled; undefined where it has none. */
export function fillStudies(text: string, report: Report): string | undefined {
  return fillPlaces(text, 'study', bodyOf(report))
}

function bodyOf(report: Report): (name: string) => string | undefined {
  return (name) => (name === 'run' ? runText(report) : studyMarkdown(studyNamed(name), report))
}

/** How it was measured: date, machine, load, versions, rounds. */
function runText(report: Report): string {
  const { versions, protocol, peaks } = report
  const { rounds, starts, runsPerTurn, headline } = protocol
  const runs = rounds * runsPerTurn
  const figure = { medianMs: 'medians', meanMs: 'means', minMs: 'the least of them counts' }[headline]
  return `${[
    `${measuredOn(report)}.`,
    `${versionsText(versions)}.`,
    `${starts} ${starts === 1 ? 'sweep' : 'sweeps'} over all networks, ${runs} timed runs of each network with each contender, in turns; ${figure}.`,
    ...peaks.map(
      ({ runtime, threads, gflops, instruction }) =>
        `Peak in ${runtime} on ${threads} ${threads === 1 ? 'thread' : 'threads'}: ${gflops.toFixed(1)} GFLOP/s (${instruction}).`,
    ),
  ].join(' ')}\n`
}
