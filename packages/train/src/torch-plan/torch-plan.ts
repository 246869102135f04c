import { imagenetPolicy } from '../data/auto-augment.ts'
import { torchScripts } from '../generated/torch-scripts.ts'
import type { Recipe } from '../recipe.ts'
import { settingsOf, type TorchPlanOptions, type TorchPlanSettings } from './settings.ts'
import { timmDepartures, timmOptions, timmVersion, toFlags, toYaml } from './timm-options.ts'

/** A training run for PyTorch: what to write and what to type. Nothing is run. */
export interface TorchPlan {
  /** Trains by the recipe exactly, with the script of the plan. One argument per element. */
  readonly command: readonly string[]
  /** The nearest that timm's own train.py comes. */
  readonly timm: {
    /** The release of timm the options were checked against. */
    readonly version: string
    readonly command: readonly string[]
    /** What it does otherwise than the recipe. */
    readonly departures: readonly string[]
  }
  /** Texts by file name: the script and its modules, its plan, timm's configuration, a page that explains them. */
  readonly files: Readonly<Record<TorchPlanFile, string>>
}

/** A file of a plan, by its name in the folder. */
export type TorchPlanFile =
  | 'train_mobileone.py'
  | 'pictures.py'
  | 'schedules.py'
  | 'plan.json'
  | 'timm.yaml'
  | 'README.md'

/**
 * How to train `recipe` with PyTorch on GPUs. The checkpoints it makes are read by `@mobileone/checkpoint`: timm's names,
 * averaged weights first.
 * @throws MobileOneError `invalid-argument` naming the option that makes no sense, or the batch that does not split.
 */
export function torchPlan(recipe: Recipe, options: TorchPlanOptions): TorchPlan {
  const settings = settingsOf(recipe, options)
  const { dataset } = settings
  const launcher = torchrun(settings)
  const command = [
    ...launcher,
    'train_mobileone.py',
    '--data',
    dataset.folder,
    '--output',
    settings.output,
    '--workers',
    String(settings.workers),
  ]
  if (settings.amp) command.push('--amp')
  const timm = timmOptions(settings)
  const plan: Omit<TorchPlan, 'files'> = {
    command,
    timm: {
      version: timmVersion,
      command: [...launcher, 'train.py', ...toFlags(timm)],
      departures: timmDepartures(settings),
    },
  }
  return {
    ...plan,
    files: {
      ...torchScripts,
      'plan.json': `${JSON.stringify(toScriptPlan(settings), null, 2)}\n`,
      'timm.yaml': `# ${settings.recipe.name} for train.py of timm ${timmVersion}: --config timm.yaml\n${toYaml(timm)}`,
      'README.md': explain(plan, settings, launcher),
    },
  }
}

function torchrun({ devices, machines }: TorchPlanSettings): readonly string[] {
  const each = `--nproc_per_node=${devices}`
  return machines === 1
    ? ['torchrun', '--standalone', each]
    : ['torchrun', `--nnodes=${machines}`, each, '--rdzv_backend=c10d', '--rdzv_endpoint=HOST:29500']
}

/** What the script reads. */
function toScriptPlan({ recipe, model, dataset }: TorchPlanSettings): unknown {
  return {
    model,
    classes: dataset.classes,
    channels: dataset.channels,
    preprocess: dataset.preprocess,
    labels: dataset.labels,
    folders: { train: dataset.train, validation: dataset.validation },
    recipe,
    autoAugment: recipe.augmentation.autoAugment ? imagenetPolicy : null,
  }
}

function explain(
  { command, timm }: Omit<TorchPlan, 'files'>,
  settings: TorchPlanSettings,
  launcher: readonly string[],
): string {
  const { recipe, model, dataset, output, machines } = settings
  const validation =
    dataset.validation === null ? '' : ` Accuracy is measured on \`${dataset.validation}/\` after each epoch.`
  return `# ${recipe.name}: ${model} with PyTorch

Pictures: \`${dataset.folder}/${dataset.train}/<class>/*\`, ${dataset.classes} classes.${validation}

    pip install torch timm pillow safetensors
    ${shell(command)}

${machines > 1 ? 'Run it on every machine, with HOST the name of one of them. ' : ''}\`train_mobileone.py\`, with the modules beside it, follows \`plan.json\`: learning rate and weight decay on cosines, label smoothing, average of weights and
statistics, resolution and augmentation by epoch. The same command goes on with a run that was stopped. \`--sync-bn\` normalises over the
batch of all GPUs; without it each GPU normalises its own part, as is usual.

The result is \`${output}/model.safetensors\`, the averaged weights in train form with labels and preprocessing. Fold and use it:

    ${shell(['mobileone', 'eval', `${dataset.folder}/${dataset.validation ?? 'val'}`, '--weights', `${output}/model.safetensors`])}
    mobileone reparam ${output}/model.safetensors -o ${recipe.name}.safetensors

## With timm's train.py

The options are those of timm ${timm.version} (train.py of github.com/huggingface/pytorch-image-models). \`timm.yaml\` holds the same values:

    ${shell([...launcher, 'train.py', '--config', 'timm.yaml'])}

    ${shell(timm.command)}

${
  timm.departures.length === 0
    ? 'It follows the recipe.'
    : `What it does otherwise than the recipe:\n\n${timm.departures.map((departure) => `- ${departure}`).join('\n')}`
}

Its checkpoints (\`${output}/${recipe.name}/model_best.pth.tar\`) are read as they are; the averaged weights in them come first.
`
}

/** Arguments as one line for a shell, quoted where needed. */
function shell(command: readonly string[]): string {
  return command
    .map((each) => (/^[\w@%+=:,./-]+$/.test(each) ? each : `'${each.replaceAll("'", "'\\''")}'`))
    .join(' ')
}
