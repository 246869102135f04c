/** The results of the cross-checks as text: a line each, and the tables of docs/cross-checks.md. */
import { cpus } from 'node:os'

const marks = { run: 'run', results: 'results' }

/** Whether the difference of a row is allowed. One that is no number is not. */
export function isWithin({ worst, limit }) {
  return worst <= limit
}

/** One row for the terminal. */
export function tableLine({ what, against, cases, worst, limit, beside }) {
  const counted = cases > 1 ? `, ${cases} cases` : ''
  const own = beside === undefined ? '' : `; its own in float32: ${number(beside)}`
  return `${what} (${against}${counted}): ${number(worst)}, at most ${number(limit)}${own}`
}

/**
 * `page` with the tables between its marks `<!-- cross-checks run -->` and `<!-- cross-checks results -->` made anew.
 * @throws Error where a mark is missing.
 */
export function fillPage(page, { versions, seed, cases, results }, date = new Date()) {
  const { python, ...packages } = versions
  const listed = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  const day = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const failed = results.filter((row) => !isWithin(row)).length
  const verdict = failed === 0 ? 'all within their limits' : `${failed} beyond their limits`
  const run =
    `${day}, ${cpus()[0]?.model ?? process.arch}, Node ${process.versions.node}, Python ${python}; ${listed.join(', ')}. ` +
    `Seed ${seed}, ${cases} cases: ${results.length} comparisons, ${verdict}.`
  const checks = [...new Set(results.map(({ check }) => check))]
  const tables = checks.map((check) => {
    const rows = results.filter((row) => row.check === check)
    const besides = rows.some(({ beside }) => beside !== undefined)
    const head = [
      'what',
      'against',
      'cases',
      'largest difference',
      'limit',
      ...(besides ? ["PyTorch's own in float32"] : []),
    ]
    const align = ['---', '---', '---:', '---:', '---:', ...(besides ? ['---:'] : [])]
    const lines = rows.map(({ what, against, cases: count, worst, limit, beside }) => [
      what,
      against,
      String(count),
      isWithin({ worst, limit }) ? number(worst) : `**${number(worst)}**`,
      number(limit),
      ...(besides ? [beside === undefined ? '' : number(beside)] : []),
    ])
    return [`### ${check}`, '', ...[head, align, ...lines].map((line) => `| ${line.join(' | ')} |`)].join(
      '\n',
    )
  })
  return between(between(page, marks.run, run), marks.results, tables.join('\n\n'))
}

function between(page, name, text) {
  const [open, close] = [`<!-- cross-checks ${name} -->`, '<!-- /cross-checks -->']
  const from = page.indexOf(open)
  const to = page.indexOf(close, from)
  if (from < 0 || to < 0) throw new Error(`the page has no ${open} … ${close}`)
  return `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`
}

function number(value) {
  return value === 0 ? '0' : value.toExponential(1)
}
