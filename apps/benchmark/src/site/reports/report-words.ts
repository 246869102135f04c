/** What a report is, in words. */
import type { Report } from '@mobileone/measure'
import { networkTitle } from '../names.ts'

const protocolTitles: Readonly<Record<Report['protocol']['name'], string>> = {
  default: 'runs in turns, median',
  modelbench: 'as ModelBench, mean',
  paper: 'as the paper, shortest',
}

/** `27 Nov 2026, 03:05`. */
export function dateText(date: string): string {
  return new Date(date).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
}

/** `MobileOne-S0 and 2 other networks, 8 results`. */
export function contentText({ results }: Pick<Report, 'results'>): string {
  const networks = [...new Set(results.map(({ variant }) => variant))]
  const [first] = networks
  if (first === undefined) return 'nothing was measured'
  const others = networks.length - 1
  const more = others === 0 ? '' : ` and ${others} other ${others === 1 ? 'network' : 'networks'}`
  return `${networkTitle(first)}${more}, ${results.length} ${results.length === 1 ? 'result' : 'results'}`
}

/** Where and how a report was made, by name. */
export function reportFacts({ date, machine, versions, protocol }: Report): [name: string, value: string][] {
  const { cpu, cores, memoryBytes, platform } = machine
  const gigabytes = memoryBytes / 2 ** 30
  const memory =
    memoryBytes > 0 ? `, ${gigabytes.toFixed(gigabytes < 10 ? 1 : 0).replace('.0', '')} GiB of memory` : ''
  const runs = protocol.rounds * protocol.runsPerTurn
  return [
    ['Measured', dateText(date)],
    ['In', programText(versions)],
    [
      'On',
      `${platform}, ${cores} ${cores === 1 ? 'core' : 'cores'}${memory}${cpu === 'browsers do not tell' ? '' : `, ${cpu}`}`,
    ],
    ['How', `${protocolTitles[protocol.name]}; ${runs} ${runs === 1 ? 'run' : 'runs'} of each`],
  ]
}

/** `Chromium 140`, or the programs of a terminal's report. */
export function programText(versions: Report['versions']): string {
  if (versions.browser !== undefined) return versions.browser
  const programs = ['chromium', 'node'].filter((name) => versions[name] !== undefined)
  return programs.map((name) => `${name} ${versions[name]}`).join(', ') || 'an unknown program'
}

/** `mobileone-benchmark-2026-11-27T03-05-00`: of files, without their ending. */
export function fileName({ date }: Pick<Report, 'date'>): string {
  return `mobileone-benchmark-${date.slice(0, 19).replaceAll(':', '-')}`
}
