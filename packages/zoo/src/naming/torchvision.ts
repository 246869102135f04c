/**
 * The names that torchvision 0.21 gives the weights of networks that timm has, too. Sources: `mobilenetv2.py`, `mobilenetv3.py`,
 * `efficientnet.py` and `mnasnet.py` of `torchvision.models`. Its ResNets and ShuffleNets need no row: timm has their names, or none.
 */
import type { ArchitectureNaming } from '@mobileone/checkpoint/architectures'
import type { ZooName } from '../entries.ts'
import type { MobileRecipe } from '../families/mobile.ts'
import {
  efficientnetB0,
  mnasnetB1,
  mobilenetV2,
  mobilenetV3Large,
  mobilenetV3Small,
} from '../recipes/mobile.ts'

/** Modules of torchvision by those of timm. */
type Modules = Map<string, string>

/** What a block consists of, in order: convolutions with their normalisations, and squeeze-and-excite. */
type Part = { readonly conv: string; readonly norm: string } | 'se'

interface Block {
  /** As timm names it. */
  readonly name: string
  readonly stage: number
  readonly index: number
  /** Among all blocks. */
  readonly number: number
  readonly parts: readonly Part[]
}

export const torchvisionNamings: { readonly [Name in ZooName]?: ArchitectureNaming } = {
  mobilenetv2_100: { name: 'torchvision', modules: () => mobilenetV2Modules(mobilenetV2), ...bilinear() },
  mobilenetv3_small_100: {
    name: 'torchvision',
    modules: () => mobilenetV3Modules(mobilenetV3Small),
    epsilon: 1e-3,
    ...bilinear(),
  },
  mobilenetv3_large_100: {
    name: 'torchvision',
    modules: () => mobilenetV3Modules(mobilenetV3Large),
    epsilon: 1e-3,
    ...bilinear(),
  },
  efficientnet_b0: { name: 'torchvision', modules: () => efficientnetModules(efficientnetB0) },
  mnasnet_100: { name: 'torchvision', modules: () => mnasnetModules(mnasnetB1), ...bilinear() },
}

function bilinear(): Pick<ArchitectureNaming, 'preprocess'> {
  return { preprocess: { interpolation: 'bilinear' } }
}

function mobilenetV2Modules(recipe: MobileRecipe): Modules {
  const blocks = blocksOf(recipe)
  const modules = withPair(new Map(), 'conv_stem', 'bn1', 'features.0')
  for (const { name, number, parts } of blocks) {
    const layers = `features.${number + 1}.conv`
    for (const [at, part] of parts.entries()) {
      if (part === 'se') continue
      if (at < parts.length - 1)
        withPair(modules, `${name}.${part.conv}`, `${name}.${part.norm}`, `${layers}.${at}`)
      else {
        modules.set(`${name}.${part.conv}`, `${layers}.${at}`)
        modules.set(`${name}.${part.norm}`, `${layers}.${at + 1}`)
      }
    }
  }
  withPair(modules, 'conv_head', 'bn2', `features.${blocks.length + 1}`)
  return modules.set('classifier', 'classifier.1')
}

function mobilenetV3Modules(recipe: MobileRecipe): Modules {
  const blocks = blocksOf(recipe)
  const modules = withPair(new Map(), 'conv_stem', 'bn1', 'features.0')
  for (const block of blocks) withBlock(modules, block, `features.${block.number + 1}`)
  const last = `blocks.${recipe.stages.length}.0`
  withPair(modules, `${last}.conv`, `${last}.bn1`, `features.${blocks.length + 1}`)
  return modules.set('conv_head', 'classifier.0').set('classifier', 'classifier.3')
}

function efficientnetModules(recipe: MobileRecipe): Modules {
  const modules = withPair(new Map(), 'conv_stem', 'bn1', 'features.0')
  for (const block of blocksOf(recipe))
    withBlock(modules, block, `features.${block.stage + 1}.${block.index}`)
  withPair(modules, 'conv_head', 'bn2', `features.${recipe.stages.length + 1}`)
  return modules.set('classifier', 'classifier.1')
}

/** One list of convolutions, normalisations and activations, in which every stage but the first is one item. */
function mnasnetModules(recipe: MobileRecipe): Modules {
  const modules: Modules = new Map()
  const layer = (conv: string, norm: string, list: string, at: number): void => {
    modules.set(conv, `${list}.${at}`).set(norm, `${list}.${at + 1}`)
  }
  layer('conv_stem', 'bn1', 'layers', 0)
  for (const { name, stage, index, parts } of blocksOf(recipe)) {
    const [list, first] = stage === 0 ? ['layers', 3] : ([`layers.${7 + stage}.${index}.layers`, 0] as const)
    for (const [at, part] of parts.entries()) {
      if (part !== 'se') layer(`${name}.${part.conv}`, `${name}.${part.norm}`, list, first + 3 * at)
    }
  }
  layer('conv_head', 'bn2', 'layers', 7 + recipe.stages.length)
  return modules.set('classifier', 'classifier.1')
}

function withBlock(modules: Modules, { name, parts }: Block, theirs: string): void {
  for (const [at, part] of parts.entries()) {
    const layer = `${theirs}.block.${at}`
    if (part !== 'se') withPair(modules, `${name}.${part.conv}`, `${name}.${part.norm}`, layer)
    else modules.set(`${name}.se.conv_reduce`, `${layer}.fc1`).set(`${name}.se.conv_expand`, `${layer}.fc2`)
  }
}

function withPair(modules: Modules, conv: string, norm: string, theirs: string): Modules {
  return modules.set(conv, `${theirs}.0`).set(norm, `${theirs}.1`)
}

function blocksOf({ stages }: MobileRecipe): Block[] {
  const blocks: Block[] = []
  for (const [stage, rows] of stages.entries()) {
    let index = 0
    for (const [count, , expanded, , , options] of rows) {
      const convs = expanded === 0 ? ['conv_dw', 'conv_pw'] : ['conv_pw', 'conv_dw', 'conv_pwl']
      const parts: Part[] = convs.map((conv, at) => ({ conv, norm: `bn${at + 1}` }))
      if (options?.squeeze !== undefined) parts.splice(-1, 0, 'se')
      for (let repeat = 0; repeat < count; repeat++, index++) {
        blocks.push({ name: `blocks.${stage}.${index}`, stage, index, number: blocks.length, parts })
      }
    }
  }
  return blocks
}
