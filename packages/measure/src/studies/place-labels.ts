/** Where text goes beside dots, so that no label covers another or a dot. */

/** A rectangle; y grows downwards. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** A dot that would like to have its name beside it. */
export interface Labelled {
  readonly x: number
  readonly y: number
  readonly radius: number
  readonly label: string
  /** Its label is set in bold, which is wider. */
  readonly isBold?: boolean
}

/** A label that found a place: `x`, `y` is the start, middle or end of its base line, by `anchor`. */
export interface PlacedLabel {
  /** Of the dot, in the list given. */
  readonly index: number
  readonly x: number
  readonly y: number
  readonly anchor: 'start' | 'middle' | 'end'
  readonly box: Box
}

/** Width of a text over its font size and its characters, for proportional fonts: that of the widest of the usual system fonts. */
const characterWidth = 0.6
const boldCharacterWidth = 0.68
const gap = 3

/** Width of `text` as it will be about. */
export function textWidth(text: string, fontSize: number, isBold = false): number {
  return text.length * fontSize * (isBold ? boldCharacterWidth : characterWidth)
}

/**
 * Places for the labels of `dots`, in order of the list: each takes the first free of eight places around its dot, and has none where all are
 * taken, by dots, labels or `obstacles`, or outside of `bounds`.
 */
export function placeLabels(
  dots: readonly Labelled[],
  bounds: Box,
  fontSize: number,
  obstacles: readonly Box[] = [],
): PlacedLabel[] {
  const taken: Box[] = dots.map(({ x, y, radius }) => ({
    x: x - radius - 1,
    y: y - radius - 1,
    width: 2 * radius + 2,
    height: 2 * radius + 2,
  }))
  taken.push(...obstacles)
  const placed: PlacedLabel[] = []
  for (const [index, dot] of dots.entries()) {
    const place = candidates(dot, fontSize).find(
      ({ box }) =>
        isInside(box, bounds) && !taken.some((other, place) => place !== index && overlaps(box, other)),
    )
    if (!place) continue
    taken.push(place.box)
    placed.push({ index, ...place })
  }
  return placed
}

function candidates(
  { x, y, radius, label, isBold }: Labelled,
  fontSize: number,
): Omit<PlacedLabel, 'index'>[] {
  const width = textWidth(label, fontSize, isBold)
  const height = fontSize * 1.1
  const away = radius + gap
  const near = away * 0.7
  const at = (dx: number, dy: number, anchor: PlacedLabel['anchor']): Omit<PlacedLabel, 'index'> => {
    const left = x + dx - (anchor === 'middle' ? width / 2 : anchor === 'end' ? width : 0)
    const top = y + dy - height / 2
    return { x: x + dx, y: top + height * 0.8, anchor, box: { x: left, y: top, width, height } }
  }
  const side = height / 2
  return [
    at(away, 0, 'start'),
    at(-away, 0, 'end'),
    at(0, -away - side, 'middle'),
    at(0, away + side, 'middle'),
    at(near, -near - side, 'start'),
    at(near, near + side, 'start'),
    at(-near, -near - side, 'end'),
    at(-near, near + side, 'end'),
  ]
}

/** Whether two rectangles have area in common. */
export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

function isInside(box: Box, bounds: Box): boolean {
  return (
    box.x >= bounds.x &&
    box.y >= bounds.y &&
    box.x + box.width <= bounds.x + bounds.width &&
    box.y + box.height <= bounds.y + bounds.height
  )
}
