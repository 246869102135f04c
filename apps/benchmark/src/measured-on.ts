import { busyReason, type Report } from '@mobileone/measure'

/** When a report was measured, on which machine, and what else that had to do. */
export function measuredOn({ date, machine }: Pick<Report, 'date' | 'machine'>): string {
  const load = machine.load
    ? `, load ${machine.load.before[0]?.toFixed(1)} before and ${machine.load.after[0]?.toFixed(1)} after`
    : ''
  return `${date.slice(0, 16).replace('T', ' ')} UTC, ${machine.cpu}, ${machine.cores} cores, ${machine.platform}${load}`
}

/** The sentence above a table of a document, with a warning where the machine had other work. */
export function measuredHow(
  report: Pick<Report, 'date' | 'machine'> & Partial<Pick<Report, 'peaks'>>,
  how: string,
): string {
  const busy = busyReason({ peaks: [], ...report })
  const warning =
    busy === undefined ? '' : ` **The machine had other work (${busy}): read ratios, not times.**`
  return `${measuredOn(report)}; ${how}.${warning}`
}

/** The lines above a table: day, machine and load, then who was measured. */
export function heading({
  date,
  machine,
  versions,
}: Pick<Report, 'date' | 'machine' | 'versions'>): readonly string[] {
  const loads = [machine.load?.before[0], machine.load?.after[0]].map((value) => value?.toFixed(1) ?? '?')
  return [
    `${date.slice(0, 10)}, ${machine.cpu}, ${machine.cores} cores, load ${loads[0]} before and ${loads[1]} after`,
    versionsText(versions),
  ]
}

/** `chromium 156.0, onnxruntime-web 1.30.0` */
export function versionsText(versions: Report['versions']): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
