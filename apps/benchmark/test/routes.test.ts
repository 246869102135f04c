import { describe, expect, it } from 'vitest'
import { contenderTitle, networkTitle } from '../src/site/names.ts'
import { networkIdText, parseNetworkId } from '../src/site/networks/network-id.ts'
import { placeOf } from '../src/site/routes.ts'
import { listOf, optionalWhole, queryOf, valuesOf, whole, wholeList } from '../src/site/state/query.ts'

describe('addresses of pages', () => {
  it.each([
    ['', 'run', ''],
    ['#', 'run', ''],
    ['#report', 'report', ''],
    ['#report/abc-_1', 'report', 'abc-_1'],
    ['#reports', 'unknown', 'reports'],
  ])('%s leads to %s with "%s"', (hash, name, rest) => {
    const place = placeOf(hash)
    expect([place.route.name, place.rest]).toEqual([name, rest])
  })
})

describe('choices in the address', () => {
  const parameters = {
    networks: listOf(['s0', 's1', 'resnet18'], ['s0']),
    threads: wholeList(1, 64, [1]),
    runs: optionalWhole(1, 1000),
    batch: whole(1, 16, 1),
  }
  it('are read, and what makes no sense is the default', () => {
    expect(valuesOf(parameters, '?networks=resnet18,s1,x&threads=4,1,4&runs=20&batch=99')).toEqual({
      networks: ['s1', 'resnet18'],
      threads: [1, 4],
      runs: 20,
      batch: 1,
    })
    expect(valuesOf(parameters, '?networks=&threads=-1&runs=1e3')).toEqual({
      networks: ['s0'],
      threads: [1],
      runs: undefined,
      batch: 1,
    })
  })
  it('are written without defaults, beside what others keep there', () => {
    const values = { networks: ['s0', 's1'] as const, threads: [1], runs: 5, batch: 1 }
    expect(queryOf(parameters, values, '?study=x&threads=2')).toBe('?study=x&networks=s0,s1&runs=5')
    expect(valuesOf(parameters, queryOf(parameters, values))).toEqual(values)
  })
})

describe('names', () => {
  it('of networks tell size and batch, and come back', () => {
    for (const id of ['s0', 'resnet50@160', 's4x8', 'shufflenet_v2_x1_0@96x2', 'shufflenet_v2_x1_0']) {
      expect(networkIdText(parseNetworkId(id) ?? { network: '', batch: 1 }), id).toBe(id)
    }
    expect(networkTitle('s0@160x8')).toBe('MobileOne-S0, 160 px, batch 8')
    expect(networkTitle('shufflenet_v2_x1_0')).toBe('ShuffleNetV2 1.0')
    expect(networkTitle('s0 with <odd> text')).toBe('s0 with <odd> text')
  })
  it('of contenders are for people', () => {
    expect(contenderTitle('ort-wasm')).toBe('ONNX Runtime Web, wasm')
    expect(contenderTitle('someone-else')).toBe('someone-else')
  })
})
