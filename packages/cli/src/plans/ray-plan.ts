import type { ExportedFile, Model } from '@mobileone/core'
import { planScripts } from '../generated/plan-scripts.ts'
import { planFacts, planNetwork } from './plan-facts.ts'

/** What the scripts of the plans were run with. */
const packages = ['ray[data]==2.60.0', 'onnxruntime==1.22.1', 'pillow==12.0.0', 'numpy==2.2.6']

/** Files, relative to a folder, that classify any number of pictures with Ray Data. */
export async function rayPlan(
  model: Model,
  { top }: { readonly top: number },
): Promise<[ExportedFile, ...ExportedFile[]]> {
  const facts = await planFacts(model, top)
  const network = `${facts.name}.onnx`
  return [
    text('classify_pictures.py', planScripts['classify_pictures.py']),
    text('prepare_pictures.py', planScripts['prepare_pictures.py']),
    text('plan.json', `${JSON.stringify({ ...facts, model: network }, null, 2)}\n`),
    text('requirements.txt', `${packages.join('\n')}\n`),
    text('README.md', explain(facts.name)),
    { path: network, bytes: planNetwork(model, facts) },
  ]
}

/** A file of text. */
export function text(path: string, content: string): ExportedFile {
  return { path, bytes: new TextEncoder().encode(content) }
}

function explain(name: string): string {
  return `# ${name} over a folder or a bucket of pictures, with Ray Data

    pip install -r requirements.txt
    python classify_pictures.py --pictures pictures/ --output predictions/

On a cluster, from one of its machines, with the pictures where all machines can read them:

    python classify_pictures.py --pictures s3://bucket/pictures --output s3://bucket/predictions --address auto

The output is Parquet, a row for each picture: \`path\`, \`error\` (null where it was read), \`index\`, \`label\` and \`score\` of its best
classes. A file appears whole or not at all, and the same command goes on with a run that was stopped.

Pictures are turned upright, resized and cropped as in MobileOne's own programs, by Pillow before version 13 (\`prepare_pictures.py\`); the network takes their bytes
and normalises them itself. \`--help\` tells of workers, threads and batches; \`--gpu\` needs \`onnxruntime-gpu\` in the place of \`onnxruntime\`, and was not run.
`
}
