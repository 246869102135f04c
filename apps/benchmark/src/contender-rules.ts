/** What the harness is told of an entry of the lineup, wherever it runs. */
import { copyFileSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Lane, type Subject, statedPrecision } from '@mobileone/measure'
import type { SubjectFiles } from '@mobileone/measure/node'
import type { Entry } from './lineup.ts'

/** How a lane of `entry` is judged, and what it runs. */
export function laneRules(entry: Entry): Pick<Lane, 'tolerance' | 'subject' | 'precision'> {
  const { tolerance, form, file } = entry
  if (file !== undefined) {
    return {
      tolerance,
      subject: (subject) => ({ ...subject, weightBytes: statSync(file).size }),
      precision: () => 'int8',
    }
  }
  return {
    tolerance,
    ...(form === 'int8' && { subject: ({ int8 }: Subject) => int8 }),
    precision: statedPrecision(entry),
  }
}

/** The files of subjects as `entry` reads them: its own file in place of the model's where it has one. */
export function filesFor({ name, format, file }: Entry, files: SubjectFiles): SubjectFiles {
  if (file === undefined) return files
  const path = join(files.folder, `${name}.${format}`)
  return {
    ...files,
    model() {
      if (!existsSync(path)) copyFileSync(file, path)
      return path
    },
  }
}
