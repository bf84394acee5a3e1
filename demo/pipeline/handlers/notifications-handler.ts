// The end of the pipeline sends nothing: it is the same.

export { handler } from "../../../functions/pipeline/notifications-handler.ts";
