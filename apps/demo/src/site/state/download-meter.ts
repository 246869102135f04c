/** How far a download is. */
export interface Download {
  /** Bytes that are here, those of an earlier try included. */
  readonly done: number
  readonly total: number | undefined
  /** Bytes a second, of the last few seconds; undefined in the first moments. */
  readonly rate: number | undefined
  /** Whole seconds without a byte. */
  readonly quiet: number
}

const windowMs = 4000
const firstRateMs = 500
/** A silence of this long is not part of the speed. */
const silenceMs = 1500

/** Takes what a download tells and says how fast it is. Times are in milliseconds. */
export class DownloadMeter {
  readonly #now: () => number
  #samples: { readonly at: number; readonly done: number }[] = []
  #total: number | undefined
  #heard: number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#heard = now()
  }

  tell(done: number, total: number | undefined): void {
    const at = this.#now()
    // One that began anew has fewer bytes than before, and its speed is its own.
    const isAnew = at - this.#heard > silenceMs || done < (this.#samples.at(-1)?.done ?? 0)
    if (isAnew) this.#samples = []
    this.#heard = at
    this.#total = total
    this.#samples.push({ at, done })
    while ((this.#samples[1]?.at ?? at) < at - windowMs) this.#samples.shift()
  }

  read(): Download {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    const ms = first && last ? last.at - first.at : 0
    return {
      done: last?.done ?? 0,
      total: this.#total,
      rate: first && last && ms >= firstRateMs ? ((last.done - first.done) / ms) * 1000 : undefined,
      quiet: Math.floor((this.#now() - this.#heard) / 1000),
    }
  }
}
