/** What is reported where nothing differs, in place of infinity. */
const most = 150

/** The power of signals, each around its mean, over that of what was added to them: SQNR, in decibels. */
export class PowerRatio {
  #signal = 0
  #noise = 0

  add(wanted: ArrayLike<number>, got: ArrayLike<number>): void {
    let mean = 0
    for (let index = 0; index < wanted.length; index++) mean += (wanted[index] as number) / wanted.length
    for (let index = 0; index < wanted.length; index++) {
      const value = wanted[index] as number
      this.#signal += (value - mean) ** 2
      this.#noise += (value - (got[index] as number)) ** 2
    }
  }

  /** At most 150, and that where nothing was compared. */
  get decibels(): number {
    if (this.#noise === 0) return most
    return Math.min(most, 10 * Math.log10(Math.max(this.#signal, Number.MIN_VALUE) / this.#noise))
  }
}
