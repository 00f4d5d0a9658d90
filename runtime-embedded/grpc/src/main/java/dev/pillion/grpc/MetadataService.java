// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.wire.runtime.v1.DaprGrpc.getGetMetadataMethod;
import static dev.pillion.wire.runtime.v1.DaprGrpc.getSetMetadataMethod;

import com.google.protobuf.Empty;
import dev.pillion.component.GoDuration;
import dev.pillion.runtime.AppConnection;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.runtime.v1.ActorRuntime;
import dev.pillion.wire.runtime.v1.AppConnectionHealthProperties;
import dev.pillion.wire.runtime.v1.AppConnectionProperties;
import dev.pillion.wire.runtime.v1.GetMetadataRequest;
import dev.pillion.wire.runtime.v1.GetMetadataResponse;
import dev.pillion.wire.runtime.v1.RegisteredComponents;
import dev.pillion.wire.runtime.v1.SetMetadataRequest;
import io.grpc.Status;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What the runtime is made of, and what callers have noted beside it. */
final class MetadataService {
  /** The version of Dapr whose API this is; SDKs and tools look at it. */
  static final String DAPR_VERSION = "1.18.3";

  /** Every caller is shown all of it: it must fit into an answer. */
  static final int MAX_EXTENDED_CHARACTERS = 64 * 1024;

  private final EmbeddedRuntime runtime;
  private final SubscribeService streams;
  private final Map<String, String> extended = new TreeMap<>();
  private final ReentrantLock lock = new ReentrantLock();

  MetadataService(EmbeddedRuntime runtime, SubscribeService streams) {
    this.runtime = runtime;
    this.streams = streams;
  }

  void addTo(RpcTable rpcs) {
    rpcs.unary(getGetMetadataMethod(), this::get);
    rpcs.unary(getSetMetadataMethod(), this::set);
  }

  private GetMetadataResponse get(GetMetadataRequest request) {
    var description = runtime.describe();
    var answer = GetMetadataResponse.newBuilder()
        .setId(description.appId())
        .setRuntimeVersion(description.version())
        .putAllExtendedMetadata(extended())
        .setAppConnectionProperties(connection(description.app()))
        // There is no placement service: Dapr's words for that.
        .setActorRuntime(ActorRuntime.newBuilder()
            .setRuntimeStatus(ActorRuntime.ActorRuntimeStatus.DISABLED)
            .setPlacement("placement: disconnected"));
    for (var component : description.components()) {
      answer.addRegisteredComponents(RegisteredComponents.newBuilder()
          .setName(component.name())
          .setType(component.type())
          .setVersion(component.version())
          .addAllCapabilities(component.capabilities()));
    }
    answer.addAllSubscriptions(
        SubscribedTopics.of(runtime.subscriptions(), description.app(), streams.subscriptions()));
    return answer.build();
  }

  /** Without a program beside this one it is Dapr's words for that. */
  private static AppConnectionProperties connection(@Nullable AppConnection app) {
    var properties = AppConnectionProperties.newBuilder();
    if (app == null) {
      return properties.setProtocol("http").setChannelAddress("127.0.0.1").build();
    }
    properties
        .setPort(app.port())
        .setProtocol(app.protocol())
        .setChannelAddress(app.address())
        .setMaxConcurrency(app.maxConcurrency());
    var check = app.healthCheck();
    if (check != null) {
      properties.setHealth(AppConnectionHealthProperties.newBuilder()
          // A gRPC program is asked by a method, not by a path.
          .setHealthCheckPath(app.protocol().startsWith("grpc") ? "" : check.path())
          .setHealthProbeInterval(GoDuration.format(check.interval()))
          .setHealthProbeTimeout(GoDuration.format(check.timeout()))
          .setHealthThreshold(check.threshold()));
    }
    return properties.build();
  }

  private Map<String, String> extended() {
    lock.lock();
    try {
      var copy = new TreeMap<>(extended);
      copy.put("daprRuntimeVersion", DAPR_VERSION);
      return copy;
    } finally {
      lock.unlock();
    }
  }

  /** An empty key is nothing to do, as in Dapr. */
  private Empty set(SetMetadataRequest request) {
    if (request.getKey().isEmpty()) {
      return Empty.getDefaultInstance();
    }
    lock.lock();
    try {
      var others = extended.entrySet().stream()
          .filter(entry -> !entry.getKey().equals(request.getKey()))
          .mapToLong(entry -> (long) entry.getKey().length() + entry.getValue().length())
          .sum();
      if (others + request.getKey().length() + request.getValue().length()
          > MAX_EXTENDED_CHARACTERS) {
        throw GrpcErrors.plain(
            Status.Code.RESOURCE_EXHAUSTED,
            "the extended metadata can't hold more than " + MAX_EXTENDED_CHARACTERS
                + " characters");
      }
      extended.put(request.getKey(), request.getValue());
      return Empty.getDefaultInstance();
    } finally {
      lock.unlock();
    }
  }
}
