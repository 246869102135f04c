import { PictureLabels } from './picture-labels'

/** Runs on the server: what the address names is handed to the component of the page. */
export default async function Page({ searchParams }: { searchParams: Promise<{ model?: string }> }) {
  const { model = 's0' } = await searchParams
  return <PictureLabels model={model} />
}
