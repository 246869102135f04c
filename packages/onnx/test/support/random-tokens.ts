import { type Model, type Node, type Random, random } from '@mobileone/core'
import { NetworkBuilder } from '@mobileone/core/network-builder'
import { attachNormal } from './random-model.ts'

/** A small network of random ops on tokens that ends in all of its values that nothing reads. The same seed gives the same model. */
export function randomTokens(seed: number): Model {
  const source = random(seed)
  const [batch, channels] = [source.integer(1, 3), source.integer(2, 5)]
  const net = new NetworkBuilder({
    name: `tokens ${seed}`,
    inputs: { image: [batch, channels, source.integer(2, 4), source.integer(2, 4)] },
  })
  let value = net.reshape('flat', 'image', [0, channels, -1])
  const names = [value]
  for (let index = 0; index < 10; index++) {
    value = addRandom(net, `n${index}`, value, source)
    names.push(value)
  }
  const shown = names.filter((name) => name === value || source.next() < 0.2)
  const graph = net.build(Object.fromEntries(shown.map((name, index) => [`out ${index}`, name])))
  return attachNormal(graph, source)
}

function addRandom(net: NetworkBuilder, name: string, x: string, source: Random): string {
  const pick = <T>(items: readonly T[]): T => items[source.integer(0, items.length - 1)] as T
  const shape = net.shape(x)
  const last = shape.at(-1) as number
  const op = pick([
    'layerNorm',
    'linear',
    'softmax',
    'transpose',
    'reshape',
    'matmul',
    'parameter',
    'gelu',
  ] as const)
  switch (op) {
    case 'layerNorm': {
      const roles = pick([[], ['weight'], ['weight', 'bias']] as const)
      const weights = Object.fromEntries(roles.map((role) => [role, `${name}.${role}`]))
      const node: Node = { op, name, inputs: [x], ...weights, epsilon: 0.1 }
      return net.append(node, Object.fromEntries(Object.values(weights).map((weight) => [weight, [last]])))
    }
    case 'linear':
      return net.linear(name, x, { features: source.integer(1, 6), bias: source.next() < 0.6 })
    case 'softmax':
      return net.softmax(name, x)
    case 'transpose': {
      const axes = [...shape.keys()].slice(1)
      return net.transpose(name, x, [0, ...axes.slice(1), ...axes.slice(0, 1)])
    }
    case 'reshape': {
      if (shape.length > 3)
        return net.reshape(
          name,
          x,
          pick([
            [0, 0, -1],
            [-1, ...shape.slice(2)],
          ]),
        )
      return net.reshape(
        name,
        x,
        pick([
          [0, 0, last, 1],
          [0, 1, -1, last],
          [0, shape[1] as number, 1, -1],
        ]),
      )
    }
    case 'matmul': {
      const scale = pick([{}, { scale: 0.25 }])
      if (source.next() < 0.5) return net.matmul(name, x, x, { transposeB: true, ...scale })
      const scores = net.matmul(`${name}.scores`, x, x, { transposeB: true, scale: 0.5 })
      return net.matmul(name, net.softmax(`${name}.shares`, scores), x, scale)
    }
    case 'parameter': {
      const own = net.parameter(`${name}.own`, x, [1, ...shape.slice(1)])
      return source.next() < 0.5 ? net.add(name, x, own) : net.concat(name, [own, x], 1)
    }
    case 'gelu':
      return net.unary(op, name, x)
    default:
      return op satisfies never
  }
}
