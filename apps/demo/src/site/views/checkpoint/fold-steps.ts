import type { OpenedFacts, StudiedBlock } from './checkpoint-facts.ts'
import type { Cost, FoldedBlock } from './fold-blocks.ts'

/** Blocks before `block` are folded, those after it are not; `block` itself is at `stage` of its stages, 0 is as trained. */
export interface Position {
  readonly block: number
  readonly stage: number
}

export const start: Position = { block: 0, stage: 0 }

type Studied = readonly StudiedBlock[]

/** The next rewrite, or the next block where this one is folded; undefined at the end, and where the block is not taken apart yet. */
export function nextStep({ block, stage }: Position, studied: Studied, blocks: number): Position | undefined {
  const last = lastStage(studied, block)
  if (last === undefined) return undefined
  if (stage < last) return { block, stage: stage + 1 }
  return block + 1 < blocks ? { block: block + 1, stage: 0 } : undefined
}

/** The rewrite before, or the block before as it is folded; undefined at the beginning. */
export function previousStep({ block, stage }: Position, studied: Studied): Position | undefined {
  if (stage > 0) return { block, stage: stage - 1 }
  const last = lastStage(studied, block - 1)
  return last === undefined ? undefined : { block: block - 1, stage: last }
}

/** As {@link nextStep}, with all rewrites of a block at once from the second block on: what each does has been seen. */
export function nextPlayed(from: Position, studied: Studied, blocks: number): Position | undefined {
  const last = lastStage(studied, from.block)
  if (from.block > 0 && last !== undefined && from.stage < last) return { block: from.block, stage: last }
  return nextStep(from, studied, blocks)
}

/** Where all blocks are folded; undefined until all are taken apart. */
export function endOf(studied: Studied, blocks: number): Position | undefined {
  const last = lastStage(studied, blocks - 1)
  return last === undefined ? undefined : { block: blocks - 1, stage: last }
}

/** Milliseconds that a step stays while they are played: the first block is read, the others are watched. */
export function stepMs({ block }: Position): number {
  return block === 0 ? 1600 : Math.max(150, 460 - 30 * block)
}

/** What the whole network costs at `position`. */
export function costAt(
  { trained, folded, blocks }: Pick<OpenedFacts, 'trained' | 'folded' | 'blocks'>,
  studied: Studied,
  position: Position,
): Cost {
  const total = { ...(trained ?? folded) } as { -readonly [Key in keyof Cost]: Cost[Key] }
  for (const [index, block] of blocks.entries()) {
    if (index > position.block) break
    const now = costOfBlock(block, studied[index], index, position)
    total.nodes += now.nodes - block.trained.nodes
    total.params += now.params - block.trained.params
    total.macs += now.macs - block.trained.macs
  }
  return { nodes: total.nodes, params: total.params, macs: total.macs }
}

/** What block `index` costs at `position`. */
export function costOfBlock(
  block: FoldedBlock,
  studied: StudiedBlock | undefined,
  index: number,
  position: Position,
): Cost {
  if (index < position.block) return block.folded
  if (index > position.block || position.stage === 0) return block.trained
  return studied?.stages[position.stage]?.cost ?? block.trained
}

/** Whether block `index` is one layer at `position`. */
export function isFoldedAt(studied: Studied, index: number, { block, stage }: Position): boolean {
  return index < block || (index === block && stage > 0 && stage === lastStage(studied, block))
}

function lastStage(studied: Studied, block: number): number | undefined {
  const stages = studied[block]?.stages.length
  return stages === undefined ? undefined : stages - 1
}
