import { type Progress, printable } from '@mobileone/core'

/** Progress on standard error: one line that changes on a terminal, elsewhere one line for each thing begun. */
export function progressLine(stream: NodeJS.WriteStream = process.stderr): {
  readonly onProgress: (progress: Progress) => void
  end(): void
} {
  const begun = performance.now()
  let shown = ''
  return {
    onProgress({ phase: given, done, total, secondsLeft }: Progress & { readonly secondsLeft?: number }) {
      const left = secondsLeft === undefined ? '' : `, ${leftText(secondsLeft)} left`
      const phase = printable(given)
      const seconds = `${((performance.now() - begun) / 1000).toFixed(0)} s`.padStart(6)
      if (stream.isTTY)
        stream.write(`\r\u001b[K${seconds}  ${phase}${total ? ` ${done + 1} of ${total}` : ''}${left}`)
      else if (phase !== shown) stream.write(`${seconds}  ${phase}${left}\n`)
      shown = phase
    },
    end() {
      if (stream.isTTY && shown !== '') stream.write('\r\u001b[K')
      shown = ''
    },
  }
}

/** `about 3 min`; `under a minute`. */
function leftText(seconds: number): string {
  return seconds < 50 ? 'under a minute' : `about ${Math.max(1, Math.round(seconds / 60))} min`
}
