/** Pictures that tests draw in a page. */
export type Kind = 'ring' | 'stripes' | 'star'

/** A shape in random colours at a random place, as a picture file would hold it. */
export async function draw(kind: Kind, seed: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(112, 112)
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
  const next = (() => {
    let state = seed * 9301 + 49297
    return () => (state = (state * 9301 + 49297) % 233280) / 233280
  })()
  context.fillStyle = `hsl(${360 * next()} 40% ${5 + 15 * next()}%)`
  context.fillRect(0, 0, 112, 112)
  context.translate(56 + 20 * (next() - 0.5), 56 + 20 * (next() - 0.5))
  context.scale(1 + 0.3 * next(), 1 + 0.3 * next())
  const colour = `hsl(${360 * next()} 60% ${65 + 25 * next()}%)`
  context.fillStyle = colour
  context.strokeStyle = colour
  context.lineWidth = 10
  context.beginPath()
  if (kind === 'ring') {
    context.arc(0, 0, 26, 0, 7)
    context.stroke()
  } else if (kind === 'stripes') {
    for (let y = -32; y < 32; y += 16) context.fillRect(-34, y, 68, 8)
  } else {
    for (let point = 0; point < 10; point++) {
      const radius = point % 2 === 0 ? 36 : 14
      context.lineTo(radius * Math.sin((point * Math.PI) / 5), -radius * Math.cos((point * Math.PI) / 5))
    }
    context.fill()
  }
  return canvas.convertToBlob({ type: 'image/png' })
}

export const kinds: readonly Kind[] = ['ring', 'stripes', 'star']
