// Shorter heartbeat timeout and retry intervals than a user's, so that many deaths fit into a few minutes. Nothing else is changed.

/** @returns {import('@temporalio/workflow').WorkflowInterceptors} */
export const interceptors = () => ({
  outbound: [
    {
      scheduleActivity: (input, next) => {
        const retry = { ...input.options.retry, initialInterval: '200 ms', maximumInterval: '1 second' };
        return next({ ...input, options: { ...input.options, heartbeatTimeout: '6 seconds', retry } });
      },
    },
  ],
});
