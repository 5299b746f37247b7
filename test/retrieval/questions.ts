/** Questions over this project's own docs, each with words that stand in the chunk that answers it. @module */
export const QUESTIONS: readonly (readonly [question: string, document: string, words: string])[] = [
  ['what makes an answer quoted', 'architecture.md', 'what makes an answer `quoted`'],
  ['when does a witness cosign', 'witnessing.md', 'cosign'],
  ['what happens when the disk is full', 'operating.md', 'When something fails'],
  ['how are keep-alive comments of a stream covered', 'formats.md', '*uncovered blocks*'],
  ['which servers are asked for collateral', 'architecture.md', 'which servers are asked for collateral'],
  ['LOG_MMD_EXCEEDED', 'failure-codes.md', '`LOG_MMD_EXCEEDED`'],
  ['how do I restore a backup', 'operating.md', '**Backup.**'],
  ['why is CBOR read by our own strict code', 'decisions.md', '**CBOR is read and written by our own strict code.**'],
  ['what can the operator see on the disk of the host', 'threat-model.md', "## On the host's disk"],
  ['how does the browser badge show the verdict', 'browser.md', '## The badge'],
  ['what does it mean when the TEE is simulated', 'threat-model.md', 'when the TEE is simulated'],
  ['how do I verify an archive offline', 'verifying.md', '# Verifying evidence'],
  ['where are API keys of a tenant added', 'operating.md', 'countersign keys add'],
]
