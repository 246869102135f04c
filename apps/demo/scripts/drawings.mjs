/** Draw the pictures for the models of ImageNet anew: `node apps/demo/scripts/drawings.mjs`. Nothing in them is from elsewhere. */
import { mkdir, writeFile } from 'node:fs/promises'
import sharp from 'sharp'

const folder = new URL('../public/drawings/', import.meta.url)

const below = (count) => [...Array(count).keys()]
const many = (count, draw) => below(count).map(draw).join('')
const at = (x, y, radius, turns) => {
  const angle = 2 * Math.PI * turns
  return `${(x + radius * Math.sin(angle)).toFixed(1)},${(y - radius * Math.cos(angle)).toFixed(1)}`
}
const hexagon = (x, y, radius) =>
  below(6)
    .map((corner) => at(x, y, radius, corner / 6))
    .join(' ')
const sky = '<rect width="320" height="320" fill="url(#sky)"/>'
const shadow = (x, y, rx, ry) =>
  `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="#0007" filter="url(#blur)"/>`
const ball = (id, light, middle, dark) =>
  `<radialGradient id="${id}" cx=".38" cy=".32" r=".78"><stop offset="0" stop-color="${light}"/><stop offset=".6" stop-color="${middle}"/><stop offset="1" stop-color="${dark}"/></radialGradient>`
const definitions = `<filter id="blur"><feGaussianBlur stdDeviation="6"/></filter>
  <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#4f8fd0"/><stop offset="1" stop-color="#cfe4f5"/></linearGradient>
  <radialGradient id="glow"><stop offset="0" stop-color="#fff" stop-opacity=".8"/><stop offset="1" stop-color="#f00" stop-opacity="0"/></radialGradient>
  <clipPath id="round"><circle cx="160" cy="160" r="112"/></clipPath>
  ${ball('leather', '#fff', '#ddd', '#888')}${ball('peel', '#ffc45c', '#fb8b0e', '#b04a00')}`

const text = (x, y, size, words, more = '') =>
  `<text x="${x}" y="${y}" font-size="${size}" text-anchor="middle" font-family="sans-serif" ${more}>${words}</text>`

function trafficLight() {
  const lamps = [
    [72, '#f33'],
    [140, '#4a3a10'],
    [208, '#123d1d'],
  ]
  return `${sky}<rect x="150" y="230" width="20" height="90" fill="#555"/>
    <rect x="105" y="30" width="110" height="220" rx="14" fill="#1c1f22"/>
    ${lamps.map(([y, colour]) => `<circle cx="160" cy="${y}" r="30" fill="${colour}"/>`).join('')}
    <circle cx="160" cy="72" r="30" fill="url(#glow)"/>
    ${lamps.map(([y]) => `<path d="M125 ${y - 2} a35 32 0 0 1 70 0 l-6 0 a29 26 0 0 0 -58 0z"/>`).join('')}`
}

function wallClock() {
  const hand = (turns, length, width, colour = '#111') =>
    `<path d="M160 178 V${160 - length}" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" transform="rotate(${360 * turns} 160 160)"/>`
  const minute = (i) =>
    `<rect x="158" y="50" width="${i % 5 ? 1.5 : 4}" height="${i % 5 ? 8 : 14}" transform="rotate(${6 * i} 160 160)"/>`
  const hour = (i) => {
    const [x, y] = at(160, 168, 82, (i + 1) / 12).split(',')
    return text(x, y, 24, i + 1, 'font-weight="bold"')
  }
  return `<rect width="320" height="320" fill="#d9cdbb"/>${shadow(166, 168, 130, 130)}
    <circle cx="160" cy="160" r="130" fill="#3a2a1c"/><circle cx="160" cy="160" r="116" fill="#fbf8f0"/>
    ${many(60, minute)}${many(12, hour)}${hand(0.847, 65, 8)}${hand(0.15, 94, 5)}${hand(0.555, 102, 2, '#b22')}
    <circle cx="160" cy="160" r="7"/>`
}

function crosswordPuzzle() {
  const cell = (x, y) => {
    const isBlack = (x * 7 + y * 5) % 6 === 0
    const [left, top] = [20 + x * 28, 20 + y * 28]
    const letter = 'ETAOINSHRDLU'[(x * 5 + y * 3) % 12]
    return `<rect x="${left}" y="${top}" width="26.5" height="26.5" fill="${isBlack ? '#111' : '#fff'}"/>
      ${!isBlack && (x * 3 + y) % 4 === 0 ? text(left + 5, top + 9, 8, x + y * 3 + 1) : ''}
      ${!isBlack && (x + y) % 3 === 1 ? text(left + 13, top + 22, 18, letter, 'fill="#234"') : ''}`
  }
  return `<rect width="320" height="320" fill="#f4f1ea"/><rect x="18" y="18" width="284" height="284" fill="#111"/>
    ${many(10, (y) => many(10, (x) => cell(x, y)))}`
}

function honeycomb() {
  const cell = (x, y) => {
    const [cx, cy] = [x * 42 - 10 + (y % 2) * 21, y * 37 - 4]
    return `<polygon points="${hexagon(cx, cy, 23)}" fill="#e8a91c" stroke="#f6cf63" stroke-width="4"/>
      <polygon points="${hexagon(cx, cy, 17)}" fill="${(x * 5 + y * 3) % 4 ? '#7a4205' : '#a9670c'}" stroke="#c98612" stroke-width="3"/>`
  }
  return many(10, (y) => many(9, (x) => cell(x, y)))
}

function orange() {
  const pore = (i) => {
    const [x, y] = at(160, 165, 104 * Math.sqrt(i / 260), i * 0.381966).split(',')
    return `<circle cx="${x}" cy="${y}" r="1.6" fill="#c2560055"/>`
  }
  return `<rect width="320" height="320" fill="#e9e2d6"/><rect y="210" width="320" height="110" fill="#b98a5a"/>
    ${shadow(170, 268, 110, 22)}<circle cx="160" cy="165" r="108" fill="url(#peel)"/>${many(260, pore)}
    <circle cx="150" cy="78" r="7" fill="#6b5a1c"/><path d="M152 74 q30 -40 70 -26 q-20 34 -70 26z" fill="#2f7d2b"/>`
}

function balloon() {
  const stripe = (half, mid, foot, colour) =>
    `<path d="M${160 - half} 125 a${half} 100 0 0 1 ${2 * half} 0 c0 55 -${mid} 85 -${half - foot} 115 h-${2 * foot} c-${half - foot - mid} -30 -${half - foot} -60 -${half - foot} -115z" fill="${colour}"/>`
  return `${sky}${stripe(100, 50, 22, '#d8362f')}${stripe(72, 36, 16, '#f4c430')}${stripe(45, 20, 11, '#2a62c9')}${stripe(18, 6, 6, '#f4c430')}
    <path d="M140 240 L146 272 M180 240 L174 272" stroke="#432" stroke-width="2"/>
    <rect x="143" y="270" width="34" height="26" rx="4" fill="#8a5a2b"/>
    <path d="M0 320 q80 -34 160 -14 t160 -10 v24z" fill="#4c7a3a"/>`
}

function umbrella() {
  return `${sky}<path d="M160 60 V270 a22 22 0 0 0 44 0" stroke="#4a2c14" stroke-width="9" fill="none"/>
    <path d="M30 170 a130 120 0 0 1 260 0 q-22 -22 -43 0 q-22 -22 -43 0 q-22 -24 -44 0 q-22 -24 -43 0 q-22 -22 -44 0 q-22 -22 -43 0z" fill="#c8202f"/>
    <path d="M160 50 q-70 40 -86 120 q22 -22 43 0 q22 -24 43 0z" fill="#a3121f"/>
    <path d="M160 50 q70 40 87 120 q-22 -22 -43 0 q-22 -24 -44 0z" fill="#e0394a"/>
    <rect x="156" y="34" width="8" height="20" fill="#4a2c14"/>`
}

function soccerBall() {
  const patch = (i) => `<g transform="rotate(${72 * i} 160 160)"><path d="M160 118 V84"/>
    <polygon points="160,84 196,62 186,20 134,20 124,62"/><path d="M196 62 L236 86 M124 62 L84 86"/></g>`
  return `<rect width="320" height="320" fill="#3d8b37"/>${shadow(175, 270, 105, 20)}
    <circle cx="160" cy="160" r="112" fill="url(#leather)"/>
    <g clip-path="url(#round)" fill="#161616" stroke="#333" stroke-width="4">
    <polygon points="160,118 200,147 185,194 135,194 120,147"/>${many(5, patch)}</g>`
}

function streetSign() {
  const sign = (tilt, y, width, height, size, words) => `<g transform="rotate(${tilt} 160 ${y})">
    <rect x="${160 - width / 2}" y="${y}" width="${width}" height="${height}" rx="8" fill="#0b6b3a"/>
    <rect x="${165 - width / 2}" y="${y + 5}" width="${width - 10}" height="${height - 10}" rx="6" fill="none" stroke="#fff" stroke-width="3"/>
    ${text(160, y + height / 2 + size / 3, size, words, 'font-weight="bold" fill="#fff"')}</g>`
  return `${sky}<rect x="152" y="60" width="16" height="260" fill="#8b8f94"/>
    ${sign(-3, 70, 260, 62, 34, 'OAK STREET')}${sign(3, 150, 220, 56, 30, '5th AVENUE')}`
}

function hourglass() {
  return `<rect width="320" height="320" fill="#d8d2c6"/>
    <g fill="#6b3f1c"><rect x="84" y="24" width="152" height="22" rx="5"/><rect x="84" y="274" width="152" height="22" rx="5"/></g>
    <g fill="#8a5a2b"><rect x="92" y="46" width="10" height="228"/><rect x="218" y="46" width="10" height="228"/></g>
    <path d="M112 46 h96 c0 60 -38 80 -43 114 c5 34 43 54 43 114 h-96 c0 -60 38 -80 43 -114 c-5 -34 -43 -54 -43 -114z" fill="#eef5f8cc" stroke="#9ab" stroke-width="3"/>
    <g fill="#d9a441"><path d="M122 92 h76 c-8 34 -30 46 -36 66 h-4 c-6 -20 -28 -32 -36 -66z"/>
    <path d="M118 274 c4 -30 20 -40 42 -56 c22 16 38 26 42 56z"/></g><path d="M160 158 V230" stroke="#d9a441" stroke-width="3"/>`
}

const drawings = {
  'traffic-light': trafficLight,
  'wall-clock': wallClock,
  'crossword-puzzle': crosswordPuzzle,
  honeycomb,
  orange,
  balloon,
  umbrella,
  'soccer-ball': soccerBall,
  'street-sign': streetSign,
  hourglass,
}

await mkdir(folder, { recursive: true })
for (const [name, draw] of Object.entries(drawings)) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="320"><defs>${definitions}</defs>${draw()}</svg>`
  const picture = sharp(Buffer.from(svg)).resize(224, 224).webp({ quality: 80 })
  await writeFile(new URL(`${name}.webp`, folder), await picture.toBuffer())
}
