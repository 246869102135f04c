/** A network as two numbers: how right it is (more is better) and how long it takes (less is better). */
export interface Trade {
  readonly accuracy: number
  readonly ms: number
}

/**
 * Those of `trades` that no other is at least as good as in both and better in one: the Pareto front, fastest first. Equal ones all stay.
 */
export function paretoFront<T extends Trade>(trades: readonly T[]): T[] {
  return trades
    .filter(
      ({ accuracy, ms }) =>
        !trades.some(
          (other) =>
            other.accuracy >= accuracy && other.ms <= ms && (other.accuracy > accuracy || other.ms < ms),
        ),
    )
    .sort((a, b) => a.ms - b.ms)
}
