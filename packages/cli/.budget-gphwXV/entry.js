export * from '@mobileone/coreml'
