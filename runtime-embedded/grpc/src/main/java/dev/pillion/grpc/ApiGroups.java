// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.MethodDescriptor;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Dapr's names for groups of rpcs, by which they are allowed and denied. Each rpc is in one. */
final class ApiGroups {
  private static final Map<String, List<String>> METHODS = new LinkedHashMap<>();

  static {
    group("invoke.v1", DaprGrpc.getInvokeServiceMethod());
    group(
        "state.v1",
        DaprGrpc.getGetStateMethod(),
        DaprGrpc.getGetBulkStateMethod(),
        DaprGrpc.getSaveStateMethod(),
        DaprGrpc.getDeleteStateMethod(),
        DaprGrpc.getDeleteBulkStateMethod(),
        DaprGrpc.getExecuteStateTransactionMethod());
    group("state.v1alpha1", DaprGrpc.getQueryStateAlpha1Method());
    group("publish.v1", DaprGrpc.getPublishEventMethod(), DaprGrpc.getBulkPublishEventMethod());
    group("publish.v1alpha1", DaprGrpc.getBulkPublishEventAlpha1Method());
    group("bindings.v1", DaprGrpc.getInvokeBindingMethod());
    group("secrets.v1", DaprGrpc.getGetSecretMethod(), DaprGrpc.getGetBulkSecretMethod());
    group(
        "actors.v1",
        DaprGrpc.getRegisterActorTimerMethod(),
        DaprGrpc.getUnregisterActorTimerMethod(),
        DaprGrpc.getRegisterActorReminderMethod(),
        DaprGrpc.getGetActorReminderMethod(),
        DaprGrpc.getUnregisterActorReminderMethod(),
        DaprGrpc.getUnregisterActorRemindersByTypeMethod(),
        DaprGrpc.getListActorRemindersMethod(),
        DaprGrpc.getGetActorStateMethod(),
        DaprGrpc.getExecuteActorStateTransactionMethod(),
        DaprGrpc.getInvokeActorMethod());
    group("actors.v1alpha1", DaprGrpc.getSubscribeActorEventsAlpha1Method());
    group("metadata.v1", DaprGrpc.getGetMetadataMethod(), DaprGrpc.getSetMetadataMethod());
    group(
        "configuration.v1alpha1",
        DaprGrpc.getGetConfigurationAlpha1Method(),
        DaprGrpc.getSubscribeConfigurationAlpha1Method(),
        DaprGrpc.getUnsubscribeConfigurationAlpha1Method());
    group(
        "configuration.v1",
        DaprGrpc.getGetConfigurationMethod(),
        DaprGrpc.getSubscribeConfigurationMethod(),
        DaprGrpc.getUnsubscribeConfigurationMethod());
    group("lock.v1alpha1", DaprGrpc.getTryLockAlpha1Method());
    group("unlock.v1alpha1", DaprGrpc.getUnlockAlpha1Method());
    group(
        "subtlecrypto.v1alpha1",
        DaprGrpc.getSubtleGetKeyAlpha1Method(),
        DaprGrpc.getSubtleEncryptAlpha1Method(),
        DaprGrpc.getSubtleDecryptAlpha1Method(),
        DaprGrpc.getSubtleSignAlpha1Method(),
        DaprGrpc.getSubtleVerifyAlpha1Method(),
        DaprGrpc.getSubtleWrapKeyAlpha1Method(),
        DaprGrpc.getSubtleUnwrapKeyAlpha1Method());
    group("crypto.v1alpha1", DaprGrpc.getEncryptAlpha1Method(), DaprGrpc.getDecryptAlpha1Method());
    group(
        "workflows.v1alpha1",
        DaprGrpc.getStartWorkflowAlpha1Method(),
        DaprGrpc.getGetWorkflowAlpha1Method(),
        DaprGrpc.getTerminateWorkflowAlpha1Method(),
        DaprGrpc.getRaiseEventWorkflowAlpha1Method(),
        DaprGrpc.getPurgeWorkflowAlpha1Method(),
        DaprGrpc.getPauseWorkflowAlpha1Method(),
        DaprGrpc.getResumeWorkflowAlpha1Method());
    group(
        "workflows.v1beta1",
        DaprGrpc.getStartWorkflowBeta1Method(),
        DaprGrpc.getGetWorkflowBeta1Method(),
        DaprGrpc.getTerminateWorkflowBeta1Method(),
        DaprGrpc.getRaiseEventWorkflowBeta1Method(),
        DaprGrpc.getPurgeWorkflowBeta1Method(),
        DaprGrpc.getPauseWorkflowBeta1Method(),
        DaprGrpc.getResumeWorkflowBeta1Method());
    group(
        "jobs.v1alpha1",
        DaprGrpc.getScheduleJobAlpha1Method(),
        DaprGrpc.getDeleteJobAlpha1Method(),
        DaprGrpc.getGetJobAlpha1Method(),
        DaprGrpc.getDeleteJobsByPrefixAlpha1Method(),
        DaprGrpc.getListJobsAlpha1Method());
    group(
        "jobs.v1",
        DaprGrpc.getScheduleJobMethod(),
        DaprGrpc.getDeleteJobMethod(),
        DaprGrpc.getGetJobMethod(),
        DaprGrpc.getDeleteJobsByPrefixMethod(),
        DaprGrpc.getListJobsMethod());
    group("shutdown.v1", DaprGrpc.getShutdownMethod());
    group("subscribe.v1alpha1", DaprGrpc.getSubscribeTopicEventsAlpha1Method());
    group("conversation.v1alpha1", DaprGrpc.getConverseAlpha1Method());
    group("conversation.v1alpha2", DaprGrpc.getConverseAlpha2Method());
  }

  private ApiGroups() {}

  private static void group(String name, MethodDescriptor<?, ?>... methods) {
    METHODS.put(
        name, Stream.of(methods).map(MethodDescriptor::getFullMethodName).toList());
  }

  static Set<String> names() {
    return METHODS.keySet();
  }

  /** The full names of the rpcs in these groups; a new set. */
  static Set<String> methods(Collection<String> groups) {
    var methods = new HashSet<String>();
    groups.forEach(group -> methods.addAll(METHODS.getOrDefault(group, List.of())));
    return methods;
  }

  /** Dapr's second spelling of a version, {@code v1.0-alpha1}, as the first, {@code v1alpha1}. */
  static String canonical(String group) {
    return group.replaceFirst("\\.v(\\d+)\\.0(?:-(\\w+))?$", ".v$1$2");
  }
}
