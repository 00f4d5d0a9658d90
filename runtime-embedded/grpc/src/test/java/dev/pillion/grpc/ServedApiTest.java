// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.pillion.state.engine.InMemoryStateStore;
import dev.pillion.wire.runtime.v1.DaprProto;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is served, as a client sees it. */
class ServedApiTest {
  private static final String DAPR = "dapr.proto.runtime.v1.Dapr";
  private static final Set<String> IMPLEMENTED = Set.of(
      "InvokeService",
      "GetState",
      "GetBulkState",
      "SaveState",
      "DeleteState",
      "DeleteBulkState",
      "ExecuteStateTransaction",
      "QueryStateAlpha1",
      "PublishEvent",
      "BulkPublishEvent",
      "BulkPublishEventAlpha1",
      "SubscribeTopicEventsAlpha1",
      "GetMetadata",
      "SetMetadata",
      "Shutdown");

  private static TestFacade facade;

  @BeforeAll
  static void start() {
    facade = TestFacade.over(new InMemoryStateStore());
  }

  @AfterAll
  static void close() {
    facade.close();
  }

  private static ServerReflectionResponse reflect(ServerReflectionRequest request)
      throws Exception {
    var answer = new CompletableFuture<ServerReflectionResponse>();
    var requests = ServerReflectionGrpc.newStub(facade.channel())
        .serverReflectionInfo(new StreamObserver<>() {
          @Override
          public void onNext(ServerReflectionResponse response) {
            answer.complete(response);
          }

          @Override
          public void onError(Throwable e) {
            answer.completeExceptionally(e);
          }

          @Override
          public void onCompleted() {}
        });
    requests.onNext(request);
    requests.onCompleted();
    return answer.get(30, TimeUnit.SECONDS);
  }

  @Test
  void thereAreDaprsServiceAndReflectionAndNoOther() throws Exception {
    var services =
        reflect(ServerReflectionRequest.newBuilder().setListServices("").build());

    assertThat(services.getListServicesResponse().getServiceList().stream()
            .map(service -> service.getName()))
        .containsExactlyInAnyOrder(
            DAPR,
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection");
  }

  @Test
  void theDescriptionThatIsServedIsTheContract() throws Exception {
    var files = reflect(
            ServerReflectionRequest.newBuilder().setFileContainingSymbol(DAPR).build())
        .getFileDescriptorResponse()
        .getFileDescriptorProtoList();
    Map<String, FileDescriptorProto> served = new HashMap<>();
    for (var bytes : files) {
      var file = parse(bytes.toByteArray());
      served.put(file.getName(), file);
    }
    var contract = DaprProto.getDescriptor();

    var dapr = served.get(contract.getName());
    assertThat(dapr).isEqualTo(contract.toProto());
    assertThat(dapr.getService(0).getMethodCount()).isEqualTo(72);
    // The files it needs come along, each as the contract has it.
    for (var dependency : contract.getDependencies()) {
      assertThat(served.get(dependency.getName())).isEqualTo(dependency.toProto());
    }
  }

  private static FileDescriptorProto parse(byte[] bytes) throws InvalidProtocolBufferException {
    return FileDescriptorProto.parseFrom(bytes);
  }

  @Test
  void everyRpcIsServedOrUnimplemented() {
    var unimplemented = RawCalls.daprMethods().stream()
        // The last one would end the facade.
        .filter(method -> !method.endsWith("/Shutdown"))
        .filter(method -> {
          var failure = RawCalls.failure(facade.channel(), method, new Metadata());
          return failure != null && failure.thrown().getStatus().getCode() == Code.UNIMPLEMENTED;
        })
        .collect(Collectors.toSet());

    assertThat(RawCalls.daprMethods()).hasSize(72);
    assertThat(RawCalls.daprMethods().stream()
            .filter(method -> !unimplemented.contains(method))
            .map(method -> method.substring(method.indexOf('/') + 1)))
        .containsExactlyInAnyOrderElementsOf(IMPLEMENTED);
  }

  @Test
  void unknownServicesAndMethodsAreUnimplemented() {
    for (String method : new String[] {
      DAPR + "/Nonsense", "grpc.health.v1.Health/Check", "TaskHubSidecarService/Hello", "a/b"
    }) {
      assertThat(RawCalls.failure(facade.channel(), method, new Metadata())
              .thrown()
              .getStatus()
              .getCode())
          .as(method)
          .isEqualTo(Code.UNIMPLEMENTED);
    }
  }
}
