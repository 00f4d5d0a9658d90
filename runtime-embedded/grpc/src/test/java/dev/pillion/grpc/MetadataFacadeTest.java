// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static dev.pillion.grpc.TestFacade.STORE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.pillion.appchannel.AppOptions;
import dev.pillion.appchannel.AppOptions.HealthCheck;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.wire.runtime.v1.ActorRuntime;
import dev.pillion.wire.runtime.v1.AppConnectionHealthProperties;
import dev.pillion.wire.runtime.v1.AppConnectionProperties;
import dev.pillion.wire.runtime.v1.GetMetadataRequest;
import dev.pillion.wire.runtime.v1.GetMetadataResponse;
import dev.pillion.wire.runtime.v1.RegisteredComponents;
import dev.pillion.wire.runtime.v1.SetMetadataRequest;
import dev.pillion.wire.runtime.v1.ShutdownRequest;
import io.grpc.Status.Code;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MetadataFacadeTest {
  private final TestFacade facade = TestFacade.start(
      TestFacade.facade(),
      builder -> builder.component(new ComponentSpec(
          STORE,
          "state.in-memory",
          "v1",
          ComponentMetadata.of(Map.of()),
          ComponentSpec.DEFAULT_INIT_TIMEOUT,
          false)));

  @AfterEach
  void close() {
    facade.close();
  }

  private GetMetadataResponse get() {
    return facade.dapr().getMetadata(GetMetadataRequest.getDefaultInstance());
  }

  private void set(String key, String value) {
    facade
        .dapr()
        .setMetadata(SetMetadataRequest.newBuilder().setKey(key).setValue(value).build());
  }

  @Test
  void itTellsHowTheRuntimeIsConnectedToItsApp() {
    var options = AppOptions.onPort(3000)
        .maxConcurrency(4)
        .healthCheck(
            new HealthCheck("/healthz", Duration.ofSeconds(90), Duration.ofMillis(500), 3));
    try (var withApp =
        TestFacade.start(TestFacade.facade(), builder -> builder.with(GrpcApp.at(options)))) {
      assertThat(withApp
              .dapr()
              .getMetadata(GetMetadataRequest.getDefaultInstance())
              .getAppConnectionProperties())
          .isEqualTo(AppConnectionProperties.newBuilder()
              .setPort(3000)
              .setProtocol("grpc")
              .setChannelAddress("127.0.0.1")
              .setMaxConcurrency(4)
              .setHealth(AppConnectionHealthProperties.newBuilder()
                  .setHealthProbeInterval("1m30s")
                  .setHealthProbeTimeout("500ms")
                  .setHealthThreshold(3))
              .build());
    }
  }

  @Test
  void itTellsWhatTheRuntimeIsMadeOf() {
    assertThat(get())
        .isEqualTo(GetMetadataResponse.newBuilder()
            .setId("checkout")
            .setRuntimeVersion(facade.runtime().describe().version())
            .putExtendedMetadata("daprRuntimeVersion", "1.18.3")
            .addRegisteredComponents(RegisteredComponents.newBuilder()
                .setName(STORE)
                .setType("state.in-memory")
                .setVersion("v1")
                .addCapabilities("ETAG")
                .addCapabilities("TRANSACTIONAL")
                .addCapabilities("TTL"))
            .setAppConnectionProperties(AppConnectionProperties.newBuilder()
                .setProtocol("http")
                .setChannelAddress("127.0.0.1"))
            .setActorRuntime(ActorRuntime.newBuilder()
                .setRuntimeStatus(ActorRuntime.ActorRuntimeStatus.DISABLED)
                .setPlacement("placement: disconnected"))
            .build());
  }

  @Test
  void whatACallerNotesIsTold() {
    set("cliPID", "1");
    set("cliPID", "2");
    set("", "nothing");
    set("daprRuntimeVersion", "mine");

    assertThat(get().getExtendedMetadataMap())
        .isEqualTo(Map.of("cliPID", "2", "daprRuntimeVersion", "1.18.3"));
  }

  @Test
  void notesAreLimited() {
    set("large", "x".repeat(60_000));
    var failure = TestFacade.failure(() -> set("more", "x".repeat(10_000)));
    assertThat(failure.thrown().getStatus().getCode()).isEqualTo(Code.RESOURCE_EXHAUSTED);
    set("large", "x".repeat(61_000));

    assertThat(get().getExtendedMetadataOrThrow("large")).hasSize(61_000);
  }

  @Test
  void aCallerWhoEndsItHasHisAnswerFirst() throws Exception {
    var ended = new CompletableFuture<Void>();
    var waiting = new Thread(() -> {
      try {
        facade.runtime().awaitShutdown();
        ended.complete(null);
      } catch (InterruptedException e) {
        ended.completeExceptionally(e);
      }
    });
    waiting.start();
    facade.dapr().shutdown(ShutdownRequest.getDefaultInstance());

    ended.get(30, TimeUnit.SECONDS);
    waiting.join();
    assertThatThrownBy(() -> facade.runtime().state(STORE))
        .isInstanceOf(IllegalStateException.class);
    assertThat(TestFacade.failure(this::get).thrown().getStatus().getCode())
        .isEqualTo(Code.UNAVAILABLE);
  }
}
