// The module that the plugin points at the user's workflows (merged-workflows.ts). What it exports is known only when bundling.
declare module '__temporal_finetune_user_workflows__' {
  const handlerOfUnknownTypes: unknown;
  export default handlerOfUnknownTypes;
}
