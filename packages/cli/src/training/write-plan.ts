import { join, resolve } from 'node:path'
import type { Variant } from '@mobileone/core'
import type { Recipe } from '@mobileone/train'
import { refuseFlags, UsageError } from '../command.ts'
import { printJson, printLine } from '../terminal.ts'
import type { NetworkFlags } from './choose-model.ts'
import { type DataFlags, listFolder, validationFolder } from './open-data.ts'

export interface PlanFlags extends DataFlags, NetworkFlags {
  /** GPUs of the machine. */
  readonly devices: number
  readonly json: boolean
}

/** Write the files that train `recipe` with PyTorch into `folder`, and say what to type. */
export async function writePlan(flags: PlanFlags, recipe: Recipe, folder: string): Promise<void> {
  const { torchPlan } = await import('@mobileone/train')
  const { imageFolder, writeTorchPlan } = await import('@mobileone/train/node')
  const { dataset } = flags
  if (dataset === undefined || dataset === 'fashion-mnist')
    throw new UsageError('--plan is for a folder of pictures: --dataset <folder with train/ and val/>')
  refuseFlags(
    flags,
    ['validation', 'hold-out', 'balance', 'weights', 'strides', 'prefix', 'network', 'branches', 'width'],
    'has no place in a plan: its script trains the --variant from random weights on train/ of the data set and measures on val/',
  )
  const names = await listFolder(dataset)
  const { labels } = await imageFolder(join(dataset, 'train'))
  const plan = torchPlan(recipe, {
    variant: (flags.variant ?? 's0') as Variant,
    devices: flags.devices,
    dataset: {
      folder: resolve(dataset),
      classes: labels.length,
      labels,
      validation: validationFolder(names) ?? null,
    },
  })
  const files = await writeTorchPlan(folder, plan)
  if (flags.json) return printJson({ files, command: plan.command, timm: plan.timm })
  for (const file of files) printLine(file)
  printLine()
  printLine(`In ${folder}, with PyTorch and timm installed (README.md tells more):`)
  printLine(`  ${plan.command.map(quoted).join(' ')}`)
}

/** For a shell. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
