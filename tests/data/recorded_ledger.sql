BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE api_key (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	prefix TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT, 
	last_used_at BIGINT, 
	revoked_at BIGINT, 
	CONSTRAINT pk_api_key PRIMARY KEY (id), 
	CONSTRAINT uq_api_key_digest UNIQUE (digest)
);
INSERT INTO "api_key" VALUES('key_01m8nnr8fhhya3twanjvxtr3jy','dashboard','5d297d6daea50c3de4fda3985b456b65164c4b157c4e2e52cdd128109a83b546','nas_bIRhX5','["write"]',1796023788018,NULL,NULL,NULL);
CREATE TABLE artifact (
	sha256 TEXT NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	media_type TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_artifact PRIMARY KEY (sha256)
);
INSERT INTO "artifact" VALUES('fb8c78a5d473508d8b9492ef4fce199b99669c7c0c86aa2f8c5441a189f7a969',540,'application/octet-stream',1796023787417);
CREATE TABLE artifact_link (
	id INTEGER NOT NULL, 
	search_id TEXT NOT NULL, 
	number INTEGER, 
	kind TEXT NOT NULL, 
	file TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	CONSTRAINT pk_artifact_link PRIMARY KEY (id), 
	CONSTRAINT fk_artifact_link_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE, 
	CONSTRAINT fk_artifact_link_sha256 FOREIGN KEY(sha256) REFERENCES artifact (sha256)
);
INSERT INTO "artifact_link" VALUES(1,'srch_01m8nnr78054brw6ysyabnqhe8',1,'onnx','model-21cb92373e8f4a35.onnx','fb8c78a5d473508d8b9492ef4fce199b99669c7c0c86aa2f8c5441a189f7a969');
CREATE TABLE attempt (
	search_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	epoch BIGINT NOT NULL, 
	worker TEXT NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT, 
	started_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT pk_attempt PRIMARY KEY (search_id, number, attempt), 
	CONSTRAINT fk_attempt_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE
);
INSERT INTO "attempt" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',0,1,1,'worker-1','SUCCEEDED',NULL,1796023786945,1796023787006);
INSERT INTO "attempt" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,1,1,'worker-1','SUCCEEDED',NULL,1796023787066,1796023787115);
INSERT INTO "attempt" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,1,1,'worker-1','SUCCEEDED',NULL,1796023787182,1796023787228);
INSERT INTO "attempt" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',3,1,1,'worker-1','FAILED','the loss is no number',1796023787290,1796023787321);
INSERT INTO "attempt" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',0,1,1,'worker-1','SUCCEEDED',NULL,1796023787726,1796023787798);
CREATE TABLE event (
	search_id TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	type TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	data TEXT NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (search_id, seq), 
	CONSTRAINT fk_event_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE
);
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,'search.created',1796023786759,'{"name":"first","labels":{"team":"vision"},"priority":0,"parent_id":null}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,'search.changed',1796023786786,'{"fields":{"priority":100}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',3,'search.state',1796023786816,'{"state":"RUNNING","reason":null,"message":null}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',4,'search.facts',1796023786850,'{"facts":{"dataset":{"name":"fashion_mnist_mini","classes":["T-shirt/top","Trouser","Pullover","Dress","Coat","Sandal","Shirt","Sneaker","Bag","Boot"],"train":12000,"validation":1500,"test":1500,"side":28,"channels":1,"digest":"0000000000000000"},"space":{"name":"small","size":"2739884324562312"},"device":{"name":"local-cpu-1t","runtime":"onnxruntime","runtime_version":"1.23.2","precision":"fp32","threads":1,"cpu":"a processor","statistic":"thread CPU time, 10th percentile of a round, best round"},"objective":{"name":"constrained","target_latency_ms":0.15,"max_params":null,"max_macs":null,"max_size_bytes":null,"steers":true,"formula":"The best accuracy under a latency","note":null}}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',5,'search.phase',1796023786886,'{"phase":"TRAINING"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',6,'trial.asked',1796023786915,'{"lines":[{"event":"asked","trial":0,"metrics":{"params":59634,"macs":2044768,"size_bytes":238536,"latency_ms":0.05556,"latency_error_ms":0.002222},"reward":null,"choices":{"stage0.block":3,"stage0.layers":1,"stage0.width":0,"stage1.block":2,"stage1.mbconv.expansion":1,"stage1.mbconv.kernel":1,"stage1.mbconv.se":1,"stage1.layers":1,"stage1.width":1,"stage2.block":4,"stage2.layers":1,"stage2.width":2},"architecture_id":"13668e670037ad9b","notation":"1x28x28: conv_16_k3_s2 res([conv_4_g2 shuffle_2 conv_4_k3_g4_linear conv_16_g2_linear])_relu res([conv_4_g2 shuffle_2 conv_4_k3_g4_linear conv_16_g2_linear])_relu [conv_64 conv_64_k5_s2_g64 se_4 conv_48_linear] res([conv_192 conv_192_k5_g192 se_12 conv_48_linear]) [conv_32 cat(conv_64_s2|conv_64_k3_s2)] [gap linear_10]","architecture":{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"shuffle","groups":2,"kernel":3,"layers":2,"width":16,"stride":1},{"block":"mbconv","expansion":4,"kernel":5,"se":0.25,"skip":"identity","act":"relu","layers":2,"width":48,"stride":2},{"block":"fire","squeeze":0.25,"layers":1,"width":128,"stride":2}],"head":0,"classes":10}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',7,'trial.started',1796023786945,'{"number":0,"attempt":1,"worker":"worker-1"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',8,'trial.epoch',1796023786974,'{"number":0,"epoch":1,"metrics":{"accuracy":0.76}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',9,'trial.epoch',1796023786974,'{"number":0,"epoch":2,"metrics":{"accuracy":0.785}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',10,'trial.epoch',1796023786974,'{"number":0,"epoch":3,"metrics":{"accuracy":0.7933}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',11,'trial.told',1796023787006,'{"lines":[{"event":"told","trial":0,"metrics":{"params":59634,"macs":2044768,"size_bytes":238536,"latency_ms":0.05556,"latency_error_ms":0.002222,"accuracy":0.81},"state":"succeeded","reason":null,"reward":0.81,"reused":false}],"number":0,"metrics":{"params":59634,"macs":2044768,"size_bytes":238536,"latency_ms":0.05556,"latency_error_ms":0.002222,"accuracy":0.81},"state":"SUCCEEDED","reward":0.81,"on_front":true,"reused":false}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',12,'trial.asked',1796023787039,'{"lines":[{"event":"asked","trial":1,"metrics":{"params":272186,"macs":6340352,"size_bytes":1088744,"latency_ms":0.16018,"latency_error_ms":0.006407},"reward":null,"choices":{"stage0.block":2,"stage0.mbconv.expansion":0,"stage0.layers":1,"stage0.width":0,"stage1.block":0,"stage1.conv.skip":1,"stage1.layers":1,"stage1.width":2,"stage2.block":0,"stage2.conv.skip":1,"stage2.layers":3,"stage2.width":1},"architecture_id":"21cb92373e8f4a35","notation":"1x28x28: conv_16_k3_s2 res([conv_32 conv_32_k3_g32 conv_16_linear]) res([conv_32 conv_32_k3_g32 conv_16_linear]) [conv_64_k3_s2] res([conv_64_k3]) [conv_96_k3_s2] res([conv_96_k3]) res([conv_96_k3]) [gap linear_10]","architecture":{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"mbconv","expansion":2,"kernel":3,"se":0.0,"skip":"identity","act":"relu","layers":2,"width":16,"stride":1},{"block":"conv","kernel":3,"se":0.0,"skip":"identity","layers":2,"width":64,"stride":2},{"block":"conv","kernel":3,"se":0.0,"skip":"identity","layers":3,"width":96,"stride":2}],"head":0,"classes":10}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',13,'trial.started',1796023787066,'{"number":1,"attempt":1,"worker":"worker-1"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',14,'trial.epoch',1796023787090,'{"number":1,"epoch":1,"metrics":{"accuracy":0.8}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',15,'trial.epoch',1796023787090,'{"number":1,"epoch":2,"metrics":{"accuracy":0.825}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',16,'trial.epoch',1796023787090,'{"number":1,"epoch":3,"metrics":{"accuracy":0.8333}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',17,'trial.told',1796023787115,'{"lines":[{"event":"told","trial":1,"metrics":{"params":272186,"macs":6340352,"size_bytes":1088744,"latency_ms":0.16018,"latency_error_ms":0.006407,"accuracy":0.85},"state":"succeeded","reason":null,"reward":0.85,"reused":false}],"number":1,"metrics":{"params":272186,"macs":6340352,"size_bytes":1088744,"latency_ms":0.16018,"latency_error_ms":0.006407,"accuracy":0.85},"state":"SUCCEEDED","reward":0.85,"on_front":true,"reused":false}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',18,'trial.asked',1796023787151,'{"lines":[{"event":"asked","trial":2,"metrics":{"params":95722,"macs":3165312,"size_bytes":382888,"latency_ms":0.09376,"latency_error_ms":0.00375},"reward":null,"choices":{"stage0.block":1,"stage0.separable.kernel":1,"stage0.layers":1,"stage0.width":2,"stage1.block":2,"stage1.mbconv.expansion":0,"stage1.mbconv.kernel":0,"stage1.mbconv.se":0,"stage1.layers":2,"stage1.width":1,"stage2.block":0,"stage2.conv.skip":1,"stage2.layers":2,"stage2.width":0},"architecture_id":"5a20bec773e9d7b9","notation":"1x28x28: conv_16_k3_s2 [conv_16_k5_g16 conv_32] [conv_32_k5_g32 conv_32] [conv_64 conv_64_k3_s2_g64 conv_48_linear] res([conv_96 conv_96_k3_g96 conv_48_linear]) res([conv_96 conv_96_k3_g96 conv_48_linear]) [conv_64_k3_s2] res([conv_64_k3]) [gap linear_10]","architecture":{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"separable","kernel":5,"se":0.0,"skip":"none","layers":2,"width":32,"stride":1},{"block":"mbconv","expansion":2,"kernel":3,"se":0.0,"skip":"identity","act":"relu","layers":3,"width":48,"stride":2},{"block":"conv","kernel":3,"se":0.0,"skip":"identity","layers":2,"width":64,"stride":2}],"head":0,"classes":10}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',19,'trial.started',1796023787182,'{"number":2,"attempt":1,"worker":"worker-1"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',20,'trial.epoch',1796023787202,'{"number":2,"epoch":1,"metrics":{"accuracy":0.74}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',21,'trial.epoch',1796023787202,'{"number":2,"epoch":2,"metrics":{"accuracy":0.765}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',22,'trial.epoch',1796023787202,'{"number":2,"epoch":3,"metrics":{"accuracy":0.7733}}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',23,'trial.told',1796023787228,'{"lines":[{"event":"told","trial":2,"metrics":{"params":95722,"macs":3165312,"size_bytes":382888,"latency_ms":0.09376,"latency_error_ms":0.00375,"accuracy":0.79},"state":"succeeded","reason":null,"reward":0.79,"reused":false}],"number":2,"metrics":{"params":95722,"macs":3165312,"size_bytes":382888,"latency_ms":0.09376,"latency_error_ms":0.00375,"accuracy":0.79},"state":"SUCCEEDED","reward":0.79,"on_front":false,"reused":false}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',24,'trial.asked',1796023787262,'{"lines":[{"event":"asked","trial":3,"metrics":{"params":198778,"macs":2836432,"size_bytes":795112,"latency_ms":0.06892,"latency_error_ms":0.002757},"reward":null,"choices":{"stage0.block":4,"stage0.layers":0,"stage0.width":0,"stage1.block":1,"stage1.separable.kernel":1,"stage1.layers":0,"stage1.width":0,"stage2.block":2,"stage2.mbconv.expansion":1,"stage2.mbconv.kernel":0,"stage2.mbconv.se":1,"stage2.layers":2,"stage2.width":2},"architecture_id":"9b0d21f27a4b7671","notation":"1x28x28: conv_16_k3_s2 [conv_4 cat(conv_8|conv_8_k3)] [conv_16_k5_s2_g16 conv_32] [conv_128 conv_128_k3_s2_g128 se_8 conv_128_linear] res([conv_512 conv_512_k3_g512 se_32 conv_128_linear]) [gap linear_10]","architecture":{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"fire","squeeze":0.25,"layers":1,"width":16,"stride":1},{"block":"separable","kernel":5,"se":0.0,"skip":"identity","layers":1,"width":32,"stride":2},{"block":"mbconv","expansion":4,"kernel":3,"se":0.25,"skip":"identity","act":"relu","layers":2,"width":128,"stride":2}],"head":0,"classes":10}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',25,'trial.started',1796023787290,'{"number":3,"attempt":1,"worker":"worker-1"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',26,'trial.told',1796023787321,'{"lines":[{"event":"told","trial":3,"metrics":{"params":198778,"macs":2836432,"size_bytes":795112,"latency_ms":0.06892,"latency_error_ms":0.002757},"state":"failed","reason":"the loss is no number","reward":null,"reused":false}],"number":3,"metrics":{"params":198778,"macs":2836432,"size_bytes":795112,"latency_ms":0.06892,"latency_error_ms":0.002757},"state":"FAILED","reward":null,"on_front":false,"reused":false}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',27,'search.phase',1796023787378,'{"phase":"FINALISTS"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',28,'references',1796023787400,'{"rows":[{"label":"mobilenetv1 width 0.5","notation":"","metrics":{"latency_ms":0.1,"latency_error_ms":0.002,"accuracy":0.805}},{"label":"shufflenet groups 3 width 0.5","notation":"","metrics":{"latency_ms":0.178,"latency_error_ms":0.002,"accuracy":0.742}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',29,'artifact.added',1796023787417,'{"trial":1,"kind":"onnx","file":"model-21cb92373e8f4a35.onnx","sha256":"fb8c78a5d473508d8b9492ef4fce199b99669c7c0c86aa2f8c5441a189f7a969","size_bytes":540}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',30,'finalists',1796023787454,'{"rows":[{"trial":1,"id":"21cb92373e8f4a35","file":"model-21cb92373e8f4a35.onnx","notation":"1x28x28: conv_16_k3_s2 res([conv_32 conv_32_k3_g32 conv_16_linear]) res([conv_32 conv_32_k3_g32 conv_16_linear]) [conv_64_k3_s2] res([conv_64_k3]) [conv_96_k3_s2] res([conv_96_k3]) res([conv_96_k3]) [gap linear_10]","diagram":{"input":[1,28,28],"nodes":[{"id":0,"op":"image","text":"image","shape":[1,28,28],"params":0,"macs":0,"member":-1},{"id":1,"op":"conv","text":"conv_16_k3_s2","shape":[16,14,14],"params":176,"macs":28224,"member":0},{"id":2,"op":"conv","text":"conv_32","shape":[32,14,14],"params":576,"macs":100352,"member":1},{"id":3,"op":"conv","text":"conv_32_k3_g32","shape":[32,14,14],"params":352,"macs":56448,"member":1},{"id":4,"op":"conv","text":"conv_16_linear","shape":[16,14,14],"params":544,"macs":100352,"member":1},{"id":5,"op":"add","text":"add","shape":[16,14,14],"params":0,"macs":0,"member":1},{"id":6,"op":"conv","text":"conv_32","shape":[32,14,14],"params":576,"macs":100352,"member":2},{"id":7,"op":"conv","text":"conv_32_k3_g32","shape":[32,14,14],"params":352,"macs":56448,"member":2},{"id":8,"op":"conv","text":"conv_16_linear","shape":[16,14,14],"params":544,"macs":100352,"member":2},{"id":9,"op":"add","text":"add","shape":[16,14,14],"params":0,"macs":0,"member":2},{"id":10,"op":"conv","text":"conv_64_k3_s2","shape":[64,7,7],"params":9344,"macs":451584,"member":3},{"id":11,"op":"conv","text":"conv_64_k3","shape":[64,7,7],"params":36992,"macs":1806336,"member":4},{"id":12,"op":"add","text":"add","shape":[64,7,7],"params":0,"macs":0,"member":4},{"id":13,"op":"conv","text":"conv_96_k3_s2","shape":[96,4,4],"params":55488,"macs":884736,"member":5},{"id":14,"op":"conv","text":"conv_96_k3","shape":[96,4,4],"params":83136,"macs":1327104,"member":6},{"id":15,"op":"add","text":"add","shape":[96,4,4],"params":0,"macs":0,"member":6},{"id":16,"op":"conv","text":"conv_96_k3","shape":[96,4,4],"params":83136,"macs":1327104,"member":7},{"id":17,"op":"add","text":"add","shape":[96,4,4],"params":0,"macs":0,"member":7},{"id":18,"op":"gap","text":"gap","shape":[96,1,1],"params":0,"macs":0,"member":8},{"id":19,"op":"linear","text":"linear_10","shape":[10,1,1],"params":970,"macs":960,"member":8}],"edges":[[0,1],[1,2],[2,3],[3,4],[4,5],[1,5],[5,6],[6,7],[7,8],[8,9],[5,9],[9,10],[10,11],[11,12],[10,12],[12,13],[13,14],[14,15],[13,15],[15,16],[16,17],[15,17],[17,18],[18,19]]},"metrics":{"params":272186,"macs":6340352,"estimated_latency_ms":0.16018,"test_accuracy":0.862,"validation_accuracy":0.85,"max_abs_difference":1.5e-06,"size_bytes":540,"latency_ms":0.0312,"latency_error_ms":0.0004},"files":[{"format":"onnx","file":"model-21cb92373e8f4a35.onnx","runtime":"onnxruntime_cpu","runtime_version":"1.23.2","test_accuracy":0.862,"max_abs_difference":1.5e-06,"size_bytes":540}],"note":null}]}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',31,'search.state',1796023787490,'{"state":"SUCCEEDED","reason":null,"message":null}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',1,'search.created',1796023787537,'{"name":"second","labels":{},"priority":0,"parent_id":null}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',2,'search.changed',1796023787574,'{"fields":{"priority":100}}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',3,'search.state',1796023787603,'{"state":"RUNNING","reason":null,"message":null}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',4,'search.facts',1796023787626,'{"facts":{"dataset":{"name":"fashion_mnist_mini","classes":["T-shirt/top","Trouser","Pullover","Dress","Coat","Sandal","Shirt","Sneaker","Bag","Boot"],"train":12000,"validation":1500,"test":1500,"side":28,"channels":1,"digest":"0000000000000000"},"space":{"name":"small","size":"2739884324562312"},"device":{"name":"local-cpu-1t","runtime":"onnxruntime","runtime_version":"1.23.2","precision":"fp32","threads":1,"cpu":"a processor","statistic":"thread CPU time, 10th percentile of a round, best round"},"objective":{"name":"constrained","target_latency_ms":0.15,"max_params":null,"max_macs":null,"max_size_bytes":null,"steers":true,"formula":"The best accuracy under a latency","note":null}}}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',5,'search.phase',1796023787662,'{"phase":"TRAINING"}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',6,'trial.asked',1796023787699,'{"lines":[{"event":"asked","trial":0,"metrics":{"params":3842,"macs":275864,"size_bytes":15368,"latency_ms":0.02576,"latency_error_ms":0.00103},"reward":null,"choices":{"stage0.block":1,"stage0.separable.kernel":0,"stage0.layers":1,"stage0.width":0,"stage1.block":3,"stage1.layers":1,"stage1.width":1,"stage2.block":3,"stage2.layers":1,"stage2.width":0},"architecture_id":"18e50e1b6badde59","notation":"1x28x28: conv_16_k3_s2 [conv_16_k3_g16 conv_16] [conv_16_k3_g16 conv_16] cat(pool_avg|[conv_12_g2 shuffle_2 conv_12_k3_s2_g12_linear conv_32_g2_linear])_relu res([conv_12_g2 shuffle_2 conv_12_k3_g12_linear conv_48_g2_linear])_relu cat(pool_avg|[conv_16_g2 shuffle_2 conv_16_k3_s2_g16_linear conv_16_g2_linear])_relu [gap linear_10]","architecture":{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"separable","kernel":3,"se":0.0,"skip":"none","layers":2,"width":16,"stride":1},{"block":"shuffle","groups":2,"kernel":3,"layers":2,"width":48,"stride":2},{"block":"shuffle","groups":2,"kernel":3,"layers":1,"width":64,"stride":2}],"head":0,"classes":10}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',7,'trial.started',1796023787726,'{"number":0,"attempt":1,"worker":"worker-1"}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',8,'trial.epoch',1796023787758,'{"number":0,"epoch":1,"metrics":{"accuracy":0.8351}}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',9,'trial.epoch',1796023787758,'{"number":0,"epoch":2,"metrics":{"accuracy":0.8601}}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',10,'trial.epoch',1796023787758,'{"number":0,"epoch":3,"metrics":{"accuracy":0.8684}}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',11,'trial.told',1796023787798,'{"lines":[{"event":"told","trial":0,"metrics":{"params":3842,"macs":275864,"size_bytes":15368,"latency_ms":0.02576,"latency_error_ms":0.00103,"accuracy":0.8851},"state":"succeeded","reason":null,"reward":0.8851,"reused":false}],"number":0,"metrics":{"params":3842,"macs":275864,"size_bytes":15368,"latency_ms":0.02576,"latency_error_ms":0.00103,"accuracy":0.8851},"state":"SUCCEEDED","reward":0.8851,"on_front":true,"reused":false}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',12,'trial.asked',1796023787827,'{"lines":[{"event":"asked","trial":1,"metrics":{"params":14314,"macs":581344,"size_bytes":57256,"latency_ms":0.02943,"latency_error_ms":0.001177},"reward":null,"choices":{"stage0.block":4,"stage0.layers":0,"stage0.width":2,"stage1.block":3,"stage1.layers":1,"stage1.width":2,"stage2.block":1,"stage2.separable.kernel":0,"stage2.layers":2,"stage2.width":0},"architecture_id":"68b2771fb0c7c2bc","notation":"1x28x28: conv_16_k3_s2 [conv_8 cat(conv_16|conv_16_k3)] cat(pool_avg|[conv_16_g2 shuffle_2 conv_16_k3_s2_g16_linear conv_32_g2_linear])_relu res([conv_16_g2 shuffle_2 conv_16_k3_g16_linear conv_64_g2_linear])_relu [conv_64_k3_s2_g64 conv_64] res([conv_64_k3_g64 conv_64]) [gap linear_10]","architecture":{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"fire","squeeze":0.25,"layers":1,"width":32,"stride":1},{"block":"shuffle","groups":2,"kernel":3,"layers":2,"width":64,"stride":2},{"block":"separable","kernel":3,"se":0.0,"skip":"identity","layers":2,"width":64,"stride":2}],"head":0,"classes":10}}]}');
INSERT INTO "event" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',13,'search.progress',1796023787862,'{"what":"kernels","done":3,"total":10}');
INSERT INTO "event" VALUES('srch_01m8nnr8c504pbs00t1z5tks55',1,'search.created',1796023787917,'{"name":"third","labels":{},"priority":5,"parent_id":null}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',32,'export.state',1796023787946,'{"id":"exp_01m8nnr8dcc9y4k0fenvap6xah","trial":"srch_01m8nnr78054brw6ysyabnqhe8.1","state":"QUEUED"}');
INSERT INTO "event" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',33,'export.state',1796023787978,'{"id":"exp_01m8nnr8ebn54gaf0ymps7dage","trial":"srch_01m8nnr78054brw6ysyabnqhe8.0","state":"QUEUED"}');
CREATE TABLE export (
	id TEXT NOT NULL, 
	search_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	format TEXT NOT NULL, 
	epochs INTEGER, 
	state TEXT NOT NULL, 
	reason TEXT, 
	sha256 TEXT, 
	file TEXT, 
	metrics TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	owner TEXT, 
	epoch BIGINT DEFAULT '0' NOT NULL, 
	lease_until BIGINT, 
	CONSTRAINT pk_export PRIMARY KEY (id), 
	CONSTRAINT fk_export_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE, 
	CONSTRAINT fk_export_sha256 FOREIGN KEY(sha256) REFERENCES artifact (sha256)
);
INSERT INTO "export" VALUES('exp_01m8nnr8dcc9y4k0fenvap6xah','srch_01m8nnr78054brw6ysyabnqhe8',1,'onnx',3,'QUEUED',NULL,NULL,NULL,'{}',1796023787946,NULL,NULL,0,NULL);
INSERT INTO "export" VALUES('exp_01m8nnr8ebn54gaf0ymps7dage','srch_01m8nnr78054brw6ysyabnqhe8',0,'onnx',NULL,'QUEUED',NULL,NULL,NULL,'{}',1796023787978,NULL,NULL,0,NULL);
CREATE TABLE idempotency (
	owner TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	search_id TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (owner, "key"), 
	CONSTRAINT fk_idempotency_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE log (
	search_id TEXT NOT NULL, 
	n BIGINT NOT NULL, 
	number INTEGER, 
	at BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_log PRIMARY KEY (search_id, n), 
	CONSTRAINT fk_log_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE
);
INSERT INTO "log" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,NULL,1796023787346,'begins');
INSERT INTO "log" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,0,1796023787346,'epoch 1');
CREATE TABLE metric (
	search_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	metrics TEXT NOT NULL, 
	CONSTRAINT pk_metric PRIMARY KEY (search_id, number, epoch), 
	CONSTRAINT fk_metric_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE
);
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',0,1,'{"accuracy":0.76}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',0,2,'{"accuracy":0.785}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',0,3,'{"accuracy":0.7933}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,1,'{"accuracy":0.8}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,2,'{"accuracy":0.825}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,3,'{"accuracy":0.8333}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,1,'{"accuracy":0.74}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,2,'{"accuracy":0.765}');
INSERT INTO "metric" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,3,'{"accuracy":0.7733}');
INSERT INTO "metric" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',0,1,'{"accuracy":0.8351}');
INSERT INTO "metric" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',0,2,'{"accuracy":0.8601}');
INSERT INTO "metric" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',0,3,'{"accuracy":0.8684}');
CREATE TABLE result (
	search_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT, 
	CONSTRAINT pk_result PRIMARY KEY (search_id, name), 
	CONSTRAINT fk_result_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE
);
INSERT INTO "result" VALUES('srch_01m8nnr78054brw6ysyabnqhe8','references','[{"label":"mobilenetv1 width 0.5","notation":"","metrics":{"latency_ms":0.1,"latency_error_ms":0.002,"accuracy":0.805}},{"label":"shufflenet groups 3 width 0.5","notation":"","metrics":{"latency_ms":0.178,"latency_error_ms":0.002,"accuracy":0.742}}]');
INSERT INTO "result" VALUES('srch_01m8nnr78054brw6ysyabnqhe8','finalists','[{"trial":1,"id":"21cb92373e8f4a35","file":"model-21cb92373e8f4a35.onnx","notation":"1x28x28: conv_16_k3_s2 res([conv_32 conv_32_k3_g32 conv_16_linear]) res([conv_32 conv_32_k3_g32 conv_16_linear]) [conv_64_k3_s2] res([conv_64_k3]) [conv_96_k3_s2] res([conv_96_k3]) res([conv_96_k3]) [gap linear_10]","diagram":{"input":[1,28,28],"nodes":[{"id":0,"op":"image","text":"image","shape":[1,28,28],"params":0,"macs":0,"member":-1},{"id":1,"op":"conv","text":"conv_16_k3_s2","shape":[16,14,14],"params":176,"macs":28224,"member":0},{"id":2,"op":"conv","text":"conv_32","shape":[32,14,14],"params":576,"macs":100352,"member":1},{"id":3,"op":"conv","text":"conv_32_k3_g32","shape":[32,14,14],"params":352,"macs":56448,"member":1},{"id":4,"op":"conv","text":"conv_16_linear","shape":[16,14,14],"params":544,"macs":100352,"member":1},{"id":5,"op":"add","text":"add","shape":[16,14,14],"params":0,"macs":0,"member":1},{"id":6,"op":"conv","text":"conv_32","shape":[32,14,14],"params":576,"macs":100352,"member":2},{"id":7,"op":"conv","text":"conv_32_k3_g32","shape":[32,14,14],"params":352,"macs":56448,"member":2},{"id":8,"op":"conv","text":"conv_16_linear","shape":[16,14,14],"params":544,"macs":100352,"member":2},{"id":9,"op":"add","text":"add","shape":[16,14,14],"params":0,"macs":0,"member":2},{"id":10,"op":"conv","text":"conv_64_k3_s2","shape":[64,7,7],"params":9344,"macs":451584,"member":3},{"id":11,"op":"conv","text":"conv_64_k3","shape":[64,7,7],"params":36992,"macs":1806336,"member":4},{"id":12,"op":"add","text":"add","shape":[64,7,7],"params":0,"macs":0,"member":4},{"id":13,"op":"conv","text":"conv_96_k3_s2","shape":[96,4,4],"params":55488,"macs":884736,"member":5},{"id":14,"op":"conv","text":"conv_96_k3","shape":[96,4,4],"params":83136,"macs":1327104,"member":6},{"id":15,"op":"add","text":"add","shape":[96,4,4],"params":0,"macs":0,"member":6},{"id":16,"op":"conv","text":"conv_96_k3","shape":[96,4,4],"params":83136,"macs":1327104,"member":7},{"id":17,"op":"add","text":"add","shape":[96,4,4],"params":0,"macs":0,"member":7},{"id":18,"op":"gap","text":"gap","shape":[96,1,1],"params":0,"macs":0,"member":8},{"id":19,"op":"linear","text":"linear_10","shape":[10,1,1],"params":970,"macs":960,"member":8}],"edges":[[0,1],[1,2],[2,3],[3,4],[4,5],[1,5],[5,6],[6,7],[7,8],[8,9],[5,9],[9,10],[10,11],[11,12],[10,12],[12,13],[13,14],[14,15],[13,15],[15,16],[16,17],[15,17],[17,18],[18,19]]},"metrics":{"params":272186,"macs":6340352,"estimated_latency_ms":0.16018,"test_accuracy":0.862,"validation_accuracy":0.85,"max_abs_difference":1.5e-06,"size_bytes":540,"latency_ms":0.0312,"latency_error_ms":0.0004},"files":[{"format":"onnx","file":"model-21cb92373e8f4a35.onnx","runtime":"onnxruntime_cpu","runtime_version":"1.23.2","test_accuracy":0.862,"max_abs_difference":1.5e-06,"size_bytes":540}],"note":null}]');
CREATE TABLE search (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	labels TEXT NOT NULL, 
	spec TEXT NOT NULL, 
	state TEXT NOT NULL, 
	state_reason TEXT, 
	state_message TEXT, 
	phase TEXT, 
	progress TEXT, 
	priority INTEGER NOT NULL, 
	max_trials INTEGER NOT NULL, 
	parent_id TEXT, 
	trials INTEGER DEFAULT '0' NOT NULL, 
	queued INTEGER DEFAULT '0' NOT NULL, 
	running INTEGER DEFAULT '0' NOT NULL, 
	succeeded INTEGER DEFAULT '0' NOT NULL, 
	failed INTEGER DEFAULT '0' NOT NULL, 
	cancelled INTEGER DEFAULT '0' NOT NULL, 
	refused INTEGER DEFAULT '0' NOT NULL, 
	reused INTEGER DEFAULT '0' NOT NULL, 
	best_trial INTEGER, 
	best_reward DOUBLE, 
	target_latency_ms DOUBLE, 
	facts TEXT, 
	created_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	transition_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	version BIGINT DEFAULT '1' NOT NULL, 
	last_seq BIGINT DEFAULT '0' NOT NULL, 
	log_lines BIGINT DEFAULT '0' NOT NULL, 
	owner TEXT, 
	epoch BIGINT DEFAULT '0' NOT NULL, 
	lease_until BIGINT, 
	CONSTRAINT pk_search PRIMARY KEY (id)
);
INSERT INTO "search" VALUES('srch_01m8nnr78054brw6ysyabnqhe8','first','{"team":"vision"}','{"dataset":{"name":"fashion_mnist_mini"},"space":"small","device":"local-cpu-1t","objective":{"name":"constrained"},"searcher":{"name":"evolution"},"evaluator":{"name":"train"},"max_trials":4,"parallel":1,"seed":0,"finalists":{"count":3,"epochs":10},"references":[{"name":"mobilenetv1","width":0.5},{"name":"mobilenetv2","width":1.0},{"name":"shufflenet","groups":3,"width":0.5}]}','SUCCEEDED',NULL,NULL,NULL,NULL,100,4,NULL,4,0,0,3,1,0,0,0,1,0.85,0.15,'{"dataset":{"name":"fashion_mnist_mini","classes":["T-shirt/top","Trouser","Pullover","Dress","Coat","Sandal","Shirt","Sneaker","Bag","Boot"],"train":12000,"validation":1500,"test":1500,"side":28,"channels":1,"digest":"0000000000000000"},"space":{"name":"small","size":"2739884324562312"},"device":{"name":"local-cpu-1t","runtime":"onnxruntime","runtime_version":"1.23.2","precision":"fp32","threads":1,"cpu":"a processor","statistic":"thread CPU time, 10th percentile of a round, best round"},"objective":{"name":"constrained","target_latency_ms":0.15,"max_params":null,"max_macs":null,"max_size_bytes":null,"steers":true,"formula":"The best accuracy under a latency","note":null}}',1796023786757,1796023786816,1796023787490,1796023787490,NULL,5,33,2,NULL,2,NULL);
INSERT INTO "search" VALUES('srch_01m8nnr80gp87rd05w0ckxkase','second','{}','{"dataset":{"name":"fashion_mnist_mini"},"space":"small","device":"local-cpu-1t","objective":{"name":"constrained"},"searcher":{"name":"evolution"},"evaluator":{"name":"train"},"max_trials":6,"parallel":1,"seed":0,"finalists":{"count":3,"epochs":10},"references":[{"name":"mobilenetv1","width":0.5},{"name":"mobilenetv2","width":1.0},{"name":"shufflenet","groups":3,"width":0.5}]}','RUNNING',NULL,NULL,'TRAINING','{"what":"kernels","done":3,"total":10}',100,6,NULL,2,1,0,1,0,0,0,0,0,0.8851,0.15,'{"dataset":{"name":"fashion_mnist_mini","classes":["T-shirt/top","Trouser","Pullover","Dress","Coat","Sandal","Shirt","Sneaker","Bag","Boot"],"train":12000,"validation":1500,"test":1500,"side":28,"channels":1,"digest":"0000000000000000"},"space":{"name":"small","size":"2739884324562312"},"device":{"name":"local-cpu-1t","runtime":"onnxruntime","runtime_version":"1.23.2","precision":"fp32","threads":1,"cpu":"a processor","statistic":"thread CPU time, 10th percentile of a round, best round"},"objective":{"name":"constrained","target_latency_ms":0.15,"max_params":null,"max_macs":null,"max_size_bytes":null,"steers":true,"formula":"The best accuracy under a latency","note":null}}',1796023787536,1796023787603,NULL,1796023787603,NULL,4,13,0,'dispatcher srch_01m8nnr80gp87rd05w0ckxkase',1,1796024387603);
INSERT INTO "search" VALUES('srch_01m8nnr8c504pbs00t1z5tks55','third','{}','{"dataset":{"name":"fashion_mnist_mini"},"space":"small","device":"local-cpu-1t","objective":{"name":"constrained"},"searcher":{"name":"evolution"},"evaluator":{"name":"train"},"max_trials":3,"parallel":1,"seed":0,"finalists":{"count":3,"epochs":10},"references":[{"name":"mobilenetv1","width":0.5},{"name":"mobilenetv2","width":1.0},{"name":"shufflenet","groups":3,"width":0.5}]}','QUEUED',NULL,NULL,NULL,NULL,5,3,NULL,0,0,0,0,0,0,0,0,NULL,NULL,NULL,NULL,1796023787917,NULL,NULL,1796023787917,NULL,1,1,0,NULL,0,NULL);
CREATE TABLE training (
	architecture_id TEXT NOT NULL, 
	data_digest TEXT NOT NULL, 
	recipe_id TEXT NOT NULL, 
	seed BIGINT NOT NULL, 
	epochs INTEGER NOT NULL, 
	metrics TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_training PRIMARY KEY (architecture_id, data_digest, recipe_id, seed, epochs)
);
CREATE TABLE trial (
	search_id TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	architecture_id TEXT NOT NULL, 
	notation TEXT NOT NULL, 
	choices TEXT NOT NULL, 
	architecture TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	accuracy DOUBLE, 
	latency_ms DOUBLE, 
	params BIGINT, 
	macs BIGINT, 
	size_bytes BIGINT, 
	reward DOUBLE, 
	reason TEXT, 
	reused BOOLEAN NOT NULL, 
	on_front BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	seq BIGINT NOT NULL, 
	created_at BIGINT NOT NULL, 
	started_at BIGINT, 
	ended_at BIGINT, 
	CONSTRAINT pk_trial PRIMARY KEY (search_id, number), 
	CONSTRAINT fk_trial_search_id FOREIGN KEY(search_id) REFERENCES search (id) ON DELETE CASCADE
);
INSERT INTO "trial" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',0,'SUCCEEDED','13668e670037ad9b','1x28x28: conv_16_k3_s2 res([conv_4_g2 shuffle_2 conv_4_k3_g4_linear conv_16_g2_linear])_relu res([conv_4_g2 shuffle_2 conv_4_k3_g4_linear conv_16_g2_linear])_relu [conv_64 conv_64_k5_s2_g64 se_4 conv_48_linear] res([conv_192 conv_192_k5_g192 se_12 conv_48_linear]) [conv_32 cat(conv_64_s2|conv_64_k3_s2)] [gap linear_10]','{"stage0.block":3,"stage0.layers":1,"stage0.width":0,"stage1.block":2,"stage1.mbconv.expansion":1,"stage1.mbconv.kernel":1,"stage1.mbconv.se":1,"stage1.layers":1,"stage1.width":1,"stage2.block":4,"stage2.layers":1,"stage2.width":2}','{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"shuffle","groups":2,"kernel":3,"layers":2,"width":16,"stride":1},{"block":"mbconv","expansion":4,"kernel":5,"se":0.25,"skip":"identity","act":"relu","layers":2,"width":48,"stride":2},{"block":"fire","squeeze":0.25,"layers":1,"width":128,"stride":2}],"head":0,"classes":10}','{"params":59634,"macs":2044768,"size_bytes":238536,"latency_ms":0.05556,"latency_error_ms":0.002222,"accuracy":0.81}',0.81,0.05556,59634,2044768,238536,0.81,NULL,0,1,1,11,1796023786915,1796023786945,1796023787006);
INSERT INTO "trial" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',1,'SUCCEEDED','21cb92373e8f4a35','1x28x28: conv_16_k3_s2 res([conv_32 conv_32_k3_g32 conv_16_linear]) res([conv_32 conv_32_k3_g32 conv_16_linear]) [conv_64_k3_s2] res([conv_64_k3]) [conv_96_k3_s2] res([conv_96_k3]) res([conv_96_k3]) [gap linear_10]','{"stage0.block":2,"stage0.mbconv.expansion":0,"stage0.layers":1,"stage0.width":0,"stage1.block":0,"stage1.conv.skip":1,"stage1.layers":1,"stage1.width":2,"stage2.block":0,"stage2.conv.skip":1,"stage2.layers":3,"stage2.width":1}','{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"mbconv","expansion":2,"kernel":3,"se":0.0,"skip":"identity","act":"relu","layers":2,"width":16,"stride":1},{"block":"conv","kernel":3,"se":0.0,"skip":"identity","layers":2,"width":64,"stride":2},{"block":"conv","kernel":3,"se":0.0,"skip":"identity","layers":3,"width":96,"stride":2}],"head":0,"classes":10}','{"params":272186,"macs":6340352,"size_bytes":1088744,"latency_ms":0.16018,"latency_error_ms":0.006407,"accuracy":0.85}',0.85,0.16018,272186,6340352,1088744,0.85,NULL,0,1,1,17,1796023787039,1796023787066,1796023787115);
INSERT INTO "trial" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',2,'SUCCEEDED','5a20bec773e9d7b9','1x28x28: conv_16_k3_s2 [conv_16_k5_g16 conv_32] [conv_32_k5_g32 conv_32] [conv_64 conv_64_k3_s2_g64 conv_48_linear] res([conv_96 conv_96_k3_g96 conv_48_linear]) res([conv_96 conv_96_k3_g96 conv_48_linear]) [conv_64_k3_s2] res([conv_64_k3]) [gap linear_10]','{"stage0.block":1,"stage0.separable.kernel":1,"stage0.layers":1,"stage0.width":2,"stage1.block":2,"stage1.mbconv.expansion":0,"stage1.mbconv.kernel":0,"stage1.mbconv.se":0,"stage1.layers":2,"stage1.width":1,"stage2.block":0,"stage2.conv.skip":1,"stage2.layers":2,"stage2.width":0}','{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"separable","kernel":5,"se":0.0,"skip":"none","layers":2,"width":32,"stride":1},{"block":"mbconv","expansion":2,"kernel":3,"se":0.0,"skip":"identity","act":"relu","layers":3,"width":48,"stride":2},{"block":"conv","kernel":3,"se":0.0,"skip":"identity","layers":2,"width":64,"stride":2}],"head":0,"classes":10}','{"params":95722,"macs":3165312,"size_bytes":382888,"latency_ms":0.09376,"latency_error_ms":0.00375,"accuracy":0.79}',0.79,0.09376,95722,3165312,382888,0.79,NULL,0,0,1,23,1796023787151,1796023787182,1796023787228);
INSERT INTO "trial" VALUES('srch_01m8nnr78054brw6ysyabnqhe8',3,'FAILED','9b0d21f27a4b7671','1x28x28: conv_16_k3_s2 [conv_4 cat(conv_8|conv_8_k3)] [conv_16_k5_s2_g16 conv_32] [conv_128 conv_128_k3_s2_g128 se_8 conv_128_linear] res([conv_512 conv_512_k3_g512 se_32 conv_128_linear]) [gap linear_10]','{"stage0.block":4,"stage0.layers":0,"stage0.width":0,"stage1.block":1,"stage1.separable.kernel":1,"stage1.layers":0,"stage1.width":0,"stage2.block":2,"stage2.mbconv.expansion":1,"stage2.mbconv.kernel":0,"stage2.mbconv.se":1,"stage2.layers":2,"stage2.width":2}','{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"fire","squeeze":0.25,"layers":1,"width":16,"stride":1},{"block":"separable","kernel":5,"se":0.0,"skip":"identity","layers":1,"width":32,"stride":2},{"block":"mbconv","expansion":4,"kernel":3,"se":0.25,"skip":"identity","act":"relu","layers":2,"width":128,"stride":2}],"head":0,"classes":10}','{"params":198778,"macs":2836432,"size_bytes":795112,"latency_ms":0.06892,"latency_error_ms":0.002757}',NULL,0.06892,198778,2836432,795112,NULL,'the loss is no number',0,0,1,26,1796023787262,1796023787290,1796023787321);
INSERT INTO "trial" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',0,'SUCCEEDED','18e50e1b6badde59','1x28x28: conv_16_k3_s2 [conv_16_k3_g16 conv_16] [conv_16_k3_g16 conv_16] cat(pool_avg|[conv_12_g2 shuffle_2 conv_12_k3_s2_g12_linear conv_32_g2_linear])_relu res([conv_12_g2 shuffle_2 conv_12_k3_g12_linear conv_48_g2_linear])_relu cat(pool_avg|[conv_16_g2 shuffle_2 conv_16_k3_s2_g16_linear conv_16_g2_linear])_relu [gap linear_10]','{"stage0.block":1,"stage0.separable.kernel":0,"stage0.layers":1,"stage0.width":0,"stage1.block":3,"stage1.layers":1,"stage1.width":1,"stage2.block":3,"stage2.layers":1,"stage2.width":0}','{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"separable","kernel":3,"se":0.0,"skip":"none","layers":2,"width":16,"stride":1},{"block":"shuffle","groups":2,"kernel":3,"layers":2,"width":48,"stride":2},{"block":"shuffle","groups":2,"kernel":3,"layers":1,"width":64,"stride":2}],"head":0,"classes":10}','{"params":3842,"macs":275864,"size_bytes":15368,"latency_ms":0.02576,"latency_error_ms":0.00103,"accuracy":0.8851}',0.8851,0.02576,3842,275864,15368,0.8851,NULL,0,1,1,11,1796023787699,1796023787726,1796023787798);
INSERT INTO "trial" VALUES('srch_01m8nnr80gp87rd05w0ckxkase',1,'QUEUED','68b2771fb0c7c2bc','1x28x28: conv_16_k3_s2 [conv_8 cat(conv_16|conv_16_k3)] cat(pool_avg|[conv_16_g2 shuffle_2 conv_16_k3_s2_g16_linear conv_32_g2_linear])_relu res([conv_16_g2 shuffle_2 conv_16_k3_g16_linear conv_64_g2_linear])_relu [conv_64_k3_s2_g64 conv_64] res([conv_64_k3_g64 conv_64]) [gap linear_10]','{"stage0.block":4,"stage0.layers":0,"stage0.width":2,"stage1.block":3,"stage1.layers":1,"stage1.width":2,"stage2.block":1,"stage2.separable.kernel":0,"stage2.layers":2,"stage2.width":0}','{"resolution":28,"channels":1,"stem":{"width":16,"kernel":3,"stride":2},"stages":[{"block":"fire","squeeze":0.25,"layers":1,"width":32,"stride":1},{"block":"shuffle","groups":2,"kernel":3,"layers":2,"width":64,"stride":2},{"block":"separable","kernel":3,"se":0.0,"skip":"identity","layers":2,"width":64,"stride":2}],"head":0,"classes":10}','{"params":14314,"macs":581344,"size_bytes":57256,"latency_ms":0.02943,"latency_error_ms":0.001177}',NULL,0.02943,14314,581344,57256,NULL,NULL,0,0,0,12,1796023787827,NULL,NULL);
CREATE INDEX ix_search_created_at ON search (created_at, id);
CREATE INDEX ix_search_state ON search (state, priority);
CREATE INDEX ix_artifact_link_search_id ON artifact_link (search_id, number);
CREATE INDEX ix_export_search_id ON export (search_id, number);
CREATE INDEX ix_export_state ON export (state, created_at);
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
CREATE INDEX ix_idempotency_search_id ON idempotency (search_id);
CREATE INDEX ix_log_number ON log (search_id, number, n);
CREATE INDEX ix_trial_front ON trial (search_id, on_front);
CREATE INDEX ix_trial_seq ON trial (search_id, seq);
COMMIT;
