import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { PictureLabels } from './picture-labels'

const model = new URLSearchParams(location.search).get('model') ?? 's0'
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <PictureLabels model={model} />
  </StrictMode>,
)
