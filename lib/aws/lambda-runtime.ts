// The Lambda Runtime API and the execution environment. Facts, no logic.

/** https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html */
export const RUNTIME_API_PATH = "/2018-06-01/runtime";
/** Init phase, ms. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
export const INIT_PHASE_MS_MAX = 10_000;
/** Memory of a function that sets none, MB. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html */
export const FUNCTION_MEMORY_MB_DEFAULT = 128;
