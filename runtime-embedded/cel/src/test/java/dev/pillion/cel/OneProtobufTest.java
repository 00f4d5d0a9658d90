// SPDX-License-Identifier: Apache-2.0
package dev.pillion.cel;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.RuntimeVersion;
import dev.pillion.grpc.GrpcFacade;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import dev.pillion.wire.runtime.v1.GetMetadataRequest;
import dev.pillion.wire.runtime.v1.SetMetadataRequest;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * The facade's messages are made by protoc 3.25, CEL's by 4.x: a program has one runtime for both.
 * That Maven finds it whatever is named first, shows {@code FloorsTest} of the samples.
 */
class OneProtobufTest {
  @Test
  void theClassPathHasOneProtobufAndItIsCels() throws Exception {
    var name = Message.class.getName().replace('.', '/') + ".class";
    assertThat(Collections.list(getClass().getClassLoader().getResources(name))).hasSize(1);
    assertThat(RuntimeVersion.OSS_MAJOR).isEqualTo(4);
  }

  @Test
  void itServesTheFacadeAndConditions() throws Exception {
    var facade = GrpcFacade.onPort(0);
    try (var runtime =
        EmbeddedRuntime.builder("checkout").environment(Map.of()).with(facade).start()) {
      var channel = NettyChannelBuilder.forAddress("127.0.0.1", facade.port())
          .usePlaintext()
          .build();
      try {
        var dapr = DaprGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
        dapr.setMetadata(
            SetMetadataRequest.newBuilder().setKey("a").setValue("b").build());
        var metadata = dapr.getMetadata(GetMetadataRequest.getDefaultInstance());
        assertThat(metadata.getId()).isEqualTo(runtime.appId());
        assertThat(metadata.getExtendedMetadataMap()).containsEntry("a", "b");
        var condition = new CelExpressions().compile("id == 'checkout' && size(extended) > 0");
        var variables = Map.of("id", metadata.getId(), "extended", Map.of("a", "b"));
        assertThat(condition.test(variables)).isTrue();
      } finally {
        channel.shutdownNow();
      }
    }
  }
}
