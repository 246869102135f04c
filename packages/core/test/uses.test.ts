import { expect, test } from 'vitest'
import { findUses, type Graph, initialize, mobileone, variants, weightRoles } from '../src/index.ts'
import { UsesIndex } from '../src/model/uses.ts'
import { add, conv, graph } from './graphs.ts'

const made: Graph = graph(
  4,
  [conv('a', 'x'), conv('b', 'x'), add('s', 'a', 'b'), add('d', 's', 's'), add('e', 'd', 'x')],
  { 'a.weight': [4, 4, 3, 3], 'b.weight': [4, 4, 3, 3] },
  { y: 'e', z: 's' },
)

test('readers, reads, sole reader, last use', () => {
  const uses = findUses(made)
  const names = (value: string): string[] => uses.readers(value).map(({ name }) => name)
  expect(names('x')).toEqual(['a', 'b', 'e'])
  expect(names('s')).toEqual(['d'])
  expect([uses.reads('x'), uses.reads('s'), uses.reads('e'), uses.reads('nothing')]).toEqual([3, 3, 1, 0])
  expect(uses.soleReader('a')?.name).toBe('s')
  expect(uses.soleReader('d')?.name).toBe('e')
  expect([uses.soleReader('s'), uses.soleReader('e'), uses.soleReader('x')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect([uses.isOutput('s'), uses.isOutput('d')]).toEqual([true, false])
  expect([uses.producer('s')?.op, uses.producer('x')]).toEqual(['add', undefined])
  expect(['x', 'a', 's', 'd', 'e', 'nothing'].map((value) => uses.lastUse(value))).toEqual([
    4, 2, 5, 4, 5, -1,
  ])
  expect(uses.weightReaders('a.weight').map(({ name }) => name)).toEqual(['a'])
})

test('an index that followed every change is the index of what came out', () => {
  const before = mobileone(variants.s0, { form: 'train' })
  const after = mobileone(variants.s4, { form: 'deploy' })
  const index = new UsesIndex({ ...before, outputs: after.outputs })
  for (const node of before.nodes) index.remove(node)
  for (const node of after.nodes) index.add(node)
  const wanted = findUses(after)
  for (const node of [...before.nodes, ...after.nodes]) {
    expect(index.readers(node.name), node.name).toEqual(wanted.readers(node.name))
    expect(index.reads(node.name), node.name).toBe(wanted.reads(node.name))
    expect(index.soleReader(node.name), node.name).toEqual(wanted.soleReader(node.name))
    for (const [, weight] of weightRoles(node)) {
      expect(index.weightReaders(weight), weight).toEqual(wanted.weightReaders(weight))
    }
  }
  expect(initialize(after, { seed: 1 }).nodes).toBe(after.nodes)
})
