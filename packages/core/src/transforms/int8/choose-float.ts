/** A layer that keeps float arithmetic adds at least so many times its share of the multiply-adds to what integers cost. */
const worthwhile = 2
/**
 * Noise over signal that no layer need stay float for: -15 dB. Random noise of that power on the logits of S0 changes the class of 5 % of
 * photographs, and costs 0.8 points of top-1.
 */
const tolerable = 10 ** -1.5

/** A layer in integers, by what it does for speed and against accuracy. */
export interface Candidate {
  readonly node: string
  /** Multiply-adds of a run. */
  readonly macs: number
  /** What its integers add to the outputs of the network, over the power of these: noise of different layers adds up. */
  readonly noise: number
}

/**
 * The layers that had better stay float, and of what integers cost the share of each: those that add most to it, as long as they have
 * no more than `share` of the multiply-adds of all, and until the others add no more than -15 dB.
 */
export function chooseFloat(candidates: readonly Candidate[], share: number): ReadonlyMap<string, number> {
  const total = (key: 'macs' | 'noise'): number =>
    candidates.reduce((sum, candidate) => sum + candidate[key], 0)
  const [macs, noise] = [total('macs'), total('noise')]
  const chosen = new Map<string, number>()
  if (!(noise > 0)) return chosen
  let left = share * macs
  let rest = noise
  for (const candidate of [...candidates].sort((a, b) => b.noise - a.noise)) {
    if (rest <= tolerable) break
    const part = candidate.noise / noise
    if (candidate.macs > left || part < (worthwhile * candidate.macs) / macs) continue
    left -= candidate.macs
    rest -= candidate.noise
    chosen.set(candidate.node, part)
  }
  return chosen
}
