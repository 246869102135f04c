import type { Report } from '@mobileone/measure'

/** When a report was measured, on which machine, and what else that had to do. */
export function measuredOn({ date, machine }: Pick<Report, 'date' | 'machine'>): string {
  const load = machine.load
    ? `, load ${machine.load.before[0]?.toFixed(1)} before and ${machine.load.after[0]?.toFixed(1)} after`
    : ''
  return `${date.slice(0, 16).replace('T', ' ')} UTC, ${machine.cpu}, ${machine.cores} cores, ${machine.platform}${load}`
}
