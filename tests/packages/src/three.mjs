import * as THREE from "three";
const v = new THREE.Vector3(1, 2, 3).applyMatrix4(new THREE.Matrix4().makeScale(2, 2, 2));
console.log(v.toArray(), new THREE.BoxGeometry(1, 1, 1).attributes.position.count);
