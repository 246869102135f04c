import { expect, it } from 'vitest'
import { isMobileOneError, MobileOneError } from '../src/errors.ts'

class Own extends MobileOneError {}

it('knows errors of other copies of the package by `instanceof`, and no others', () => {
  const copied = Object.assign(new Error('from elsewhere'), { [Symbol.for('mobileone.error')]: true })
  const ours = new MobileOneError('aborted', 'it was aborted')
  const own = new Own('network', 'it is gone')
  const all = [ours, copied, own, new Error('another'), undefined, null, 'text']
  expect(all.map((each) => (each as unknown) instanceof MobileOneError)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ])
  expect(all.map(isMobileOneError)).toEqual([true, true, true, false, false, false, false])
  expect(all.map((each) => (each as unknown) instanceof Own)).toEqual([
    false,
    false,
    true,
    false,
    false,
    false,
    false,
  ])
})
