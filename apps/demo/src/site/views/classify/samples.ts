/** A picture that comes with the page. */
export interface Sample {
  readonly address: string
  /** What it shows, as the model it is for calls it. */
  readonly label: string
}

/** Pictures for one kind of model; the first is shown to begin with. */
export interface Samples {
  readonly kind: 'clothes' | 'things'
  readonly pictures: readonly Sample[]
}

const clothes = [
  ['0-ankle-boot', 'Ankle boot'],
  ['2-trouser', 'Trouser'],
  ['1-pullover', 'Pullover'],
  ['13-dress', 'Dress'],
  ['6-coat', 'Coat'],
  ['8-sandal', 'Sandal'],
  ['4-shirt', 'Shirt'],
  ['9-sneaker', 'Sneaker'],
  ['18-bag', 'Bag'],
  ['19-t-shirt-top', 'T-shirt/top'],
] as const

/** The first test image of each class of Fashion-MNIST. */
export const clothesSamples: Samples = {
  kind: 'clothes',
  pictures: clothes.map(([name, label]) => ({ address: `./samples/${name}.png`, label })),
}

const things = [
  'umbrella',
  'traffic light',
  'wall clock',
  'soccer ball',
  'orange',
  'street sign',
  'balloon',
  'hourglass',
  'crossword puzzle',
  'honeycomb',
]

/** Drawn for this page by `scripts/drawings.mjs`, of classes of ImageNet, since its photographs may not be passed on. */
export const thingsSamples: Samples = {
  kind: 'things',
  pictures: things.map((label) => ({ address: `./drawings/${label.replaceAll(' ', '-')}.webp`, label })),
}

/** @returns what a model of so many classes, where that is known, has a chance with. */
export function samplesFor(model: string, classes: number | undefined): Samples {
  if (model === 'fashion-mnist') return clothesSamples
  return model === 'file' && classes !== 1000 ? clothesSamples : thingsSamples
}
