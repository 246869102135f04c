import { random } from '@mobileone/core'
import { resizeCrop, toTensor } from '@mobileone/vision'
import { largestDifference } from './apart.mjs'
import { floats } from './python-process.mjs'

const perCall = 100
const kinds = ['noise', 'binary', 'smooth']

/** Pictures of random sizes, resized by random filters to random sizes and cropped. */
export const pictures = {
  name: 'pictures',
  about: 'resized and cropped pictures of random sizes: Pillow, exactly; prepared as input: torchvision',
  async *run({ python, seed, cases, note }) {
    const source = random(seed)
    for (const filter of ['bilinear', 'bicubic']) {
      for (const channels of [1, 3]) {
        const count = Math.ceil(cases / 4)
        let worst = 0
        for (let done = 0; done < count; done += perCall) {
          const made = Array.from({ length: Math.min(perCall, count - done) }, () =>
            resizing(source, filter, channels),
          )
          const given = made.map(({ image, ...rest }) => ({
            ...rest,
            width: image.width,
            height: image.height,
          }))
          const { blobs } = await python.ask(
            'pictures.resize',
            { cases: given },
            made.map(({ image }) => image.data),
          )
          for (const [index, { image, to, window }] of made.entries()) {
            const [left, top, width, height] = window
            const found = resizeCrop(image, ...to, { left, top, width, height }, filter).data
            const difference = largestDifference(found, blobs[index])
            if (difference > 0) note(`differs by ${difference}: ${JSON.stringify(given[index])}`)
            worst = Math.max(worst, difference)
          }
        }
        const what = `${filter}, ${channels === 1 ? 'grey' : 'RGB'}, resized and cropped, levels of 255`
        yield { what, against: 'pillow', cases: count, worst, limit: 0 }
      }
    }

    const count = Math.ceil(cases / 4)
    let worst = 0
    for (let done = 0; done < count; done += perCall) {
      const made = Array.from({ length: Math.min(perCall, count - done) }, () => preparing(source))
      const given = made.map(({ image: { width, height, channels }, rule }) => ({
        rule,
        width,
        height,
        channels,
      }))
      const { blobs } = await python.ask(
        'pictures.prepare',
        { cases: given },
        made.map(({ image }) => image.data),
      )
      for (const [index, { image, rule }] of made.entries()) {
        const found = toTensor([image], rule).data
        const difference = largestDifference(found, floats(blobs[index]))
        if (difference > prepareLimit) note(`differs by ${difference}: ${JSON.stringify(given[index])}`)
        worst = Math.max(worst, difference)
      }
    }
    yield {
      what: 'prepared as input: resized, cropped, normalised',
      against: 'torchvision',
      cases: count,
      worst,
      limit: prepareLimit,
    }
  },
}

/** A unit in the last place of normalised values, which reach 8. */
const prepareLimit = 4.8e-7

function resizing(source, filter, channels) {
  const image = randomImage(source, channels)
  const to = [side(source, 300), side(source, 300)]
  const width = source.integer(1, to[0])
  const height = source.integer(1, to[1])
  const window = [source.integer(0, to[0] - width), source.integer(0, to[1] - height), width, height]
  return { image, channels, to, window, filter, kind: image.kind }
}

function preparing(source) {
  const channels = source.next() < 0.25 ? 1 : 3
  const resize = source.integer(8, 256)
  const numbers = (low, high) => Array.from({ length: channels }, () => low + (high - low) * source.next())
  const rule = {
    size: [source.integer(1, resize), source.integer(1, resize)],
    resize,
    interpolation: source.next() < 0.5 ? 'bilinear' : 'bicubic',
    mean: numbers(0.2, 0.6).map(Math.fround),
    std: numbers(0.15, 0.4).map(Math.fround),
  }
  return { image: randomImage(source, channels), rule }
}

/** Sides from 1 to `most`, small ones as often as large. */
function side(source, most) {
  return Math.round(Math.exp(source.next() * Math.log(most)))
}

export function randomImage(source, channels) {
  const [width, height] = [side(source, 500), side(source, 500)]
  const kind = kinds[source.integer(0, kinds.length - 1)]
  const data = new Uint8Array(width * height * channels)
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / channels)
    if (kind === 'noise') data[at] = source.integer(0, 255)
    else if (kind === 'binary') data[at] = source.next() < 0.5 ? 0 : 255
    else data[at] = (7 * (pixel % width) + 5 * Math.floor(pixel / width) + (at % channels) * 40) & 255
  }
  return { width, height, channels, data, kind }
}
