// SPDX-License-Identifier: Apache-2.0
package dev.pillion.resiliency;

import dev.pillion.call.Call;

/** Dapr's code for a call that failed before, or without, its component. */
final class DaprCodes {
  private DaprCodes() {}

  static String of(Call call) {
    return switch (call.block()) {
      case "state" ->
        switch (call.operation()) {
          case "get" -> "ERR_STATE_GET";
          case "getAll" -> "ERR_STATE_BULK_GET";
          case "delete" -> "ERR_STATE_DELETE";
          case "transaction" -> "ERR_STATE_TRANSACTION";
          default -> "ERR_STATE_SAVE";
        };
      case "invocation" -> "ERR_DIRECT_INVOKE";
      case "actors" -> "ERR_ACTOR_INVOKE_METHOD";
      case "pubsub" -> "ERR_PUBSUB_PUBLISH_MESSAGE";
      case "bindings" -> "ERR_INVOKE_OUTPUT_BINDING";
      case "secrets" -> "ERR_SECRET_GET";
      default -> "ERR_RESILIENCY";
    };
  }
}
