/** @jsxImportSource preact */
import '@mobileone/site-kit/base.css'
import './workload.css'
import { render } from 'preact'
import { startWorkload } from './state.ts'
import { WorkloadPage } from './workload-page.tsx'

render(<WorkloadPage />, document.getElementById('app') as HTMLElement)
void startWorkload()
