import { phaseOf, type Recipe } from '../recipe.ts'

/** Foretells the end of a run from the steps it has taken. */
export interface TimeLeft {
  /** A step on `images` images at the size of `epoch`, from 0, took so long. */
  stepTook(epoch: number, images: number, seconds: number): void
  /** Closing an epoch took so long. */
  epochTook(seconds: number): void
  /** Seconds until the run ends, with `batch` batches of `epoch` behind it; undefined before the first step. */
  seconds(epoch: number, batch: number): number | undefined
}

/** How much of the mean a new step is. */
const newest = 0.1

/** Time goes with the pixels a step sees, as do convolutions. The first step, which compiles, counts until there is another. */
export function timeLeft(recipe: Recipe, examples: number): TimeLeft {
  let secondsPerPixel: number | undefined
  let steps = 0
  let closing = 0
  const pixels = (epoch: number, images: number): number => {
    const [height, width] = phaseOf(recipe, epoch).size
    return images * height * width
  }
  const imagesOf = (epoch: number): number => {
    const { batchSize } = phaseOf(recipe, epoch)
    return Math.floor(examples / batchSize) * batchSize
  }
  return {
    stepTook(epoch, images, seconds) {
      const own = seconds / pixels(epoch, images)
      secondsPerPixel =
        secondsPerPixel === undefined || steps < 2 ? own : secondsPerPixel + newest * (own - secondsPerPixel)
      steps++
    },
    epochTook(seconds) {
      closing = seconds
    },
    seconds(epoch, batch) {
      if (secondsPerPixel === undefined) return undefined
      let left = pixels(epoch, imagesOf(epoch) - batch * phaseOf(recipe, epoch).batchSize)
      for (let later = epoch + 1; later < recipe.epochs; later++) left += pixels(later, imagesOf(later))
      return left * secondsPerPixel + (recipe.epochs - epoch) * closing
    },
  }
}
