// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.wire.common.v1.StateItem;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.DeleteStateRequest;
import dev.pillion.wire.runtime.v1.GetStateRequest;
import dev.pillion.wire.runtime.v1.SaveStateRequest;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import org.junit.jupiter.api.Test;

class StateFacadeTest {
  @Test
  void whatIsSavedIsReadAndDeleted() {
    var facade = GrpcFacade.onPort(0);
    try (var runtime = EmbeddedRuntime.builder("checkout")
        .component("statestore", new InMemoryStateStore())
        .with(facade)
        .start()) {
      var channel = NettyChannelBuilder.forAddress("127.0.0.1", facade.port())
          .usePlaintext()
          .build();
      try {
        var dapr = DaprGrpc.newBlockingStub(channel);
        dapr.saveState(SaveStateRequest.newBuilder()
            .setStoreName("statestore")
            .addStates(
                StateItem.newBuilder().setKey("42").setValue(ByteString.copyFromUtf8("hello")))
            .build());
        var read =
            GetStateRequest.newBuilder().setStoreName("statestore").setKey("42").build();
        assertThat(dapr.getState(read).getData().toStringUtf8()).isEqualTo("hello");
        assertThat(runtime.state("statestore").get("42", byte[].class)).isPresent();
        dapr.deleteState(DeleteStateRequest.newBuilder()
            .setStoreName("statestore")
            .setKey("42")
            .build());
        assertThat(dapr.getState(read).getData().isEmpty()).isTrue();
      } finally {
        channel.shutdownNow();
      }
    }
  }
}
