export interface Row {
  readonly check?: string
  readonly what: string
  readonly against: string
  readonly cases: number
  readonly worst: number
  readonly limit: number
  readonly beside?: number
}
export interface Report {
  readonly versions: Readonly<Record<string, string>>
  readonly seed: number
  readonly cases: number
  readonly results: readonly Row[]
}
export function isWithin(row: Pick<Row, 'worst' | 'limit'>): boolean
export function tableLine(row: Row): string
export function fillPage(page: string, report: Report, date?: Date): string
