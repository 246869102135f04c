/** Draw the icons of the installed page anew from `public/icon.svg`: `node apps/demo/scripts/icons.mjs`. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const folder = new URL('../public/', import.meta.url)
const drawing = readFileSync(new URL('icon.svg', folder), 'utf8')
const ground = /<rect[^>]*fill="(#\w+)"/.exec(drawing)[1]
/** Systems cut their own shape out of these: the ground fills all, what matters is within a circle of four fifths. */
const full = drawing.replace(/rx="\d+"/, '')

for (const [name, svg, size, share] of [
  ['icon-192', drawing, 192, 1],
  ['icon-512', drawing, 512, 1],
  ['maskable-512', full, 512, 0.75],
  ['apple-touch-180', full, 180, 0.9],
]) {
  const inner = Math.round(size * share)
  const picture = await sharp(Buffer.from(svg), { density: (72 * inner) / 64 })
    .resize(inner, inner)
    .toBuffer()
  await sharp({
    create: { width: size, height: size, channels: 4, background: share < 1 ? ground : '#0000' },
  })
    .composite([{ input: picture }])
    .png({ compressionLevel: 9, palette: true })
    .toFile(fileURLToPath(new URL(`icons/${name}.png`, folder)))
}
