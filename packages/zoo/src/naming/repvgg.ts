/**
 * The names that the authors of RepVGG give its weights, trained and folded. Source: `repvgg.py` of DingXiaoH/RepVGG, whose `convert.py` writes the
 * folded files.
 */
import type { ArchitectureNaming } from '@mobileone/checkpoint/architectures'
import type { RepVggRecipe } from '../families/repvgg.ts'

/** Their modules within a block by those of timm. */
const parts: readonly (readonly [timm: string, theirs: string])[] = [
  ['conv_kxk.conv', 'rbr_dense.conv'],
  ['conv_kxk.bn', 'rbr_dense.bn'],
  ['conv_1x1.conv', 'rbr_1x1.conv'],
  ['conv_1x1.bn', 'rbr_1x1.bn'],
  ['identity', 'rbr_identity'],
  ['reparam_conv', 'rbr_reparam'],
]

/** `stage0` is the stem, `stage1` the first stage, `linear` the head. */
export function repvggNaming({ stages }: RepVggRecipe): ArchitectureNaming {
  const blocks = stages.flatMap(([count], stage) =>
    Array.from({ length: count }, (_, block) => [`stages.${stage}.${block}`, `stage${stage + 1}.${block}`]),
  )
  return {
    name: 'RepVGG',
    modules: () =>
      new Map([
        ...[['stem', 'stage0'], ...blocks].flatMap(([ours, theirs]) =>
          parts.map(([timm, part]) => [`${ours}.${timm}`, `${theirs}.${part}`] as const),
        ),
        ['head.fc', 'linear'],
      ]),
  }
}
