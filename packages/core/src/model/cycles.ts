import type { Graph } from './model.ts'

/**
 * For each node name of `graph` a number that two nodes share exactly when each can be reached from the other along inputs:
 * strongly connected components (Tarjan 1972), without recursion, in time linear in nodes and inputs.
 */
export function componentsOf(graph: Graph): ReadonlyMap<string, number> {
  const inputs = new Map(graph.nodes.map((node) => [node.name, node.inputs as readonly string[]]))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const component = new Map<string, number>()
  const stack: string[] = []
  for (const root of inputs.keys()) {
    if (order.has(root)) continue
    const path = [{ name: root, next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { name } = top
      if (!order.has(name)) {
        lowest.set(name, order.size)
        order.set(name, order.size)
        stack.push(name)
      }
      const child = inputs.get(name)?.[top.next++]
      if (child !== undefined) {
        if (inputs.has(child) && !order.has(child)) path.push({ name: child, next: 0 })
        else if (order.has(child) && !component.has(child)) lower(lowest, name, order.get(child) as number)
        continue
      }
      path.pop()
      const parent = path.at(-1)
      if (parent) lower(lowest, parent.name, lowest.get(name) as number)
      if (lowest.get(name) !== order.get(name)) continue
      const number = component.size
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        component.set(member, number)
        if (member === name) break
      }
    }
  }
  return component
}

function lower(lowest: Map<string, number>, name: string, value: number): void {
  lowest.set(name, Math.min(lowest.get(name) as number, value))
}
