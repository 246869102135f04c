import { expect, it } from 'vitest'
import { printable, printableLines } from '../src/index.ts'

it.each([
  ['\u001b[31mred', '\\u001b[31mred'],
  ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
  ['\u009b2J', '\\u009b2J'],
  ['\u007f\r\n\t\0', '\\u007f\\u000d\\u000a\\u0009\\u0000'],
  ['gpj.\u202egnp', 'gpj.\\u202egnp'],
  ['\u2066a\u2069\u200f\u061c', '\\u2066a\\u2069\\u200f\\u061c'],
  ['a\u2028b\u2029', 'a\\u2028b\\u2029'],
  ['half \ud83d', 'half \\ud83d'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

it('leaves text alone: accents, other scripts, emoji made of several characters, backslashes', () => {
  for (const text of ['Åbo', '金魚', 'كلب', '👩‍🔬', 'C:\\a', '']) expect(printable(text)).toBe(text)
})

it('keeps the lines of a message', () => {
  expect(printableLines('a\n\u001bb\r\n')).toBe('a\n\\u001bb\\u000d\n')
})
