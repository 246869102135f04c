/** A picture that comes with the page. */
export interface Sample {
  readonly address: string
  /** What it shows, as the embedded model calls it. */
  readonly label: string
}

const files = [
  ['19-t-shirt-top', 'T-shirt/top'],
  ['2-trouser', 'Trouser'],
  ['1-pullover', 'Pullover'],
  ['13-dress', 'Dress'],
  ['6-coat', 'Coat'],
  ['8-sandal', 'Sandal'],
  ['4-shirt', 'Shirt'],
  ['9-sneaker', 'Sneaker'],
  ['18-bag', 'Bag'],
  ['0-ankle-boot', 'Ankle boot'],
] as const

/** The first test image of each class of Fashion-MNIST. */
export const samples: readonly Sample[] = files.map(([name, label]) => ({
  address: `./samples/${name}.png`,
  label,
}))

/** What is shown to begin with. */
export const firstSample = samples.at(-1) as Sample
