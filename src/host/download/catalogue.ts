/** A file of a data set on the network. */
export interface DownloadFile {
  name: string;
  url: string;
  bytes: number;
  md5: string;
}

/** A data set that can be fetched. */
export interface Download {
  name: string;
  title: string;
  licence: string;
  /** a page about the data and its terms */
  about: string;
  files: readonly DownloadFile[];
  /** archives are unpacked into the folder of the data set; the others are read as they are */
  unpack: boolean;
}

const TORONTO = 'https://www.cs.toronto.edu/~kriz';
const FASHION = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

/**
 * MD5 sums are those that the publishers state: CIFAR on https://www.cs.toronto.edu/~kriz/cifar.html and cifar-100, Fashion-MNIST
 * in its readme (https://github.com/zalandoresearch/fashion-mnist), Imagenette in torchvision/datasets/imagenette.py; sizes are
 * those that TensorFlow Datasets and these pages state. They
 * guard against cut and altered transfers, not against somebody who forges MD5.
 */
export const DOWNLOADS: readonly Download[] = [
  {
    name: 'cifar10',
    title: 'CIFAR-10: 60,000 colour images of 32x32 in 10 classes',
    licence: 'none stated; the authors ask to cite Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009',
    about: `${TORONTO}/cifar.html`,
    files: [
      {
        name: 'cifar-10-binary.tar.gz',
        url: `${TORONTO}/cifar-10-binary.tar.gz`,
        bytes: 170_052_171,
        md5: 'c32a1d4ab5d03f1284b67883e8d87530',
      },
    ],
    unpack: false,
  },
  {
    name: 'cifar100',
    title: 'CIFAR-100: 60,000 colour images of 32x32 in 100 classes',
    licence: 'none stated; the authors ask to cite Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009',
    about: `${TORONTO}/cifar.html`,
    files: [
      {
        name: 'cifar-100-binary.tar.gz',
        url: `${TORONTO}/cifar-100-binary.tar.gz`,
        bytes: 168_513_733,
        md5: '03b5dce01913d631647c71ecec9e9cb8',
      },
    ],
    unpack: false,
  },
  {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST: 70,000 grey images of 28x28 in 10 classes of clothes',
    licence: 'MIT, Zalando SE',
    about: 'https://github.com/zalandoresearch/fashion-mnist',
    files: [
      {
        name: 'train-images-idx3-ubyte.gz',
        url: `${FASHION}/train-images-idx3-ubyte.gz`,
        bytes: 26_421_880,
        md5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
      },
      {
        name: 'train-labels-idx1-ubyte.gz',
        url: `${FASHION}/train-labels-idx1-ubyte.gz`,
        bytes: 29_515,
        md5: '25c81989df183df01b3e8a0aad5dffbe',
      },
      {
        name: 't10k-images-idx3-ubyte.gz',
        url: `${FASHION}/t10k-images-idx3-ubyte.gz`,
        bytes: 4_422_102,
        md5: 'bef4ecab320f06d8554ea6380940ec79',
      },
      {
        name: 't10k-labels-idx1-ubyte.gz',
        url: `${FASHION}/t10k-labels-idx1-ubyte.gz`,
        bytes: 5_148,
        md5: 'bb300cfdad3c16e7a12a480ee83cd310',
      },
    ],
    unpack: false,
  },
  {
    name: 'imagenette',
    title: 'Imagenette (160 px): 13,394 photographs in 10 easy classes of ImageNet',
    licence: 'Apache-2.0 for the collection; the photographs stay under the terms of ImageNet (research and education)',
    about: 'https://github.com/fastai/imagenette',
    files: [
      {
        name: 'imagenette2-160.tgz',
        url: 'https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz',
        bytes: 99_003_388,
        md5: 'e793b78cc4c9e9a4ccc0c1155377a412',
      },
    ],
    unpack: true,
  },
];
