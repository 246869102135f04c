import type { HeadReport } from './head-data.ts'

/** Whether a value from a file is a report: programs read its numbers without asking. */
export function isReport(value: unknown): value is HeadReport {
  if (!isRecord(value)) return false
  const { classes, crossValidation, converged, ...numbers } = value
  const isCount = (count: unknown): boolean => Number.isInteger(count) && (count as number) >= 0
  return (
    Array.isArray(classes) &&
    classes.every((each) => isRecord(each) && typeof each.label === 'string' && isCount(each.examples)) &&
    typeof converged === 'boolean' &&
    ['trainingAccuracy', 'regularization', 'iterations', 'milliseconds'].every((name) =>
      Number.isFinite(numbers[name]),
    ) &&
    (crossValidation === undefined ||
      (isRecord(crossValidation) &&
        isCount(crossValidation.folds) &&
        isCount(crossValidation.pictures) &&
        Number.isFinite(crossValidation.accuracy) &&
        Array.isArray(crossValidation.confusion) &&
        crossValidation.confusion.every(
          (row) => Array.isArray(row) && row.length === classes.length && row.every(isCount),
        )))
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
