import type { OnProgress, Progress } from '@mobileone/core'

const barWidth = 24
const redrawInterval = 80

/** Standard output for results, standard error for everything else. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** `████████░░░░`, filled to `share` of 0..1. */
export function bar(share: number, width: number = barWidth): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** A progress bar on standard error; silent where that is no terminal. Call `end` when the work is over. */
export function progressBar(): { readonly onProgress: OnProgress; end(): void } {
  const stream = process.stderr
  let drawn = 0
  let shown = false
  const clear = (): void => {
    if (shown) stream.write('\r\u001b[K')
    shown = false
  }
  return {
    onProgress(progress) {
      const finished = progress.total !== undefined && progress.done >= progress.total
      if (!stream.isTTY || (Date.now() - drawn < redrawInterval && !finished)) return
      drawn = Date.now()
      stream.write(`\r\u001b[K${progressText(progress)}`)
      shown = true
    },
    end: clear,
  }
}

function progressText({ phase, done, total }: Progress): string {
  const isBytes = phase === 'download'
  const amount = (value: number): string => (isBytes ? formatBytes(value) : String(value))
  if (total === undefined) return `${phase} ${amount(done)}`
  return `${phase} ${bar(done / Math.max(1, total))} ${amount(done)} / ${amount(total)}`
}

/** Rows in aligned columns; numbers (columns named in `right`) to the right. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(header), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n')
}

export function formatBytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`
}

/** `share` of 1, in percent. */
export function formatPercent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
